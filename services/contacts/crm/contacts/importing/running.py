"""Working an import off: batch by batch, each counted after its append, so a kill at any row costs at most one repeat.

A dry run goes the same way, and appends nothing.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import Any

from crm.chassis.decider import Rejected
from crm.chassis.log import Commands, Context
from crm.chassis.runtime import Runtime
from crm.contacts.import_job import complete, fail, imports, rehearse
from crm.contacts.importing.accounts import Accounts
from crm.contacts.importing.affiliations import Affiliations
from crm.contacts.importing.batches import Batch, Kind, Row
from crm.contacts.importing.deciding import REFUSED
from crm.contacts.importing.interactions import Interactions
from crm.contacts.importing.job import Job, end, find
from crm.contacts.importing.journal import Journal
from crm.contacts.importing.layout import entries_of
from crm.contacts.importing.people import People
from crm.contacts.importing.rejects import keep_rejected
from crm.contacts.importing.spool import Gone, chunks, discard
from crm.events.imports import ImportRehearsed

BATCH = 500
"""Rows in one append; with their claims some 1,500 facts, written in about a tenth of a second."""

_log = logging.getLogger("crm.imports")


def run(runtime: Runtime, job: Job, stopped: Callable[[], bool]) -> None:
    """Works one import off from where it is. Returns early if stopped; somebody takes it up again."""
    journal = Journal(runtime.database, runtime.keys, job, "run")
    kind = kind_of(runtime, job, journal)
    context = Context(actor=f"import:{job.import_id}", channel="import", correlation_id=str(job.import_id))
    batch = Batch(runtime.log, runtime.log.commands(context), job.import_id, kind)
    try:
        for rows, done in batches(runtime, job, kind):
            if stopped():
                return
            if not journal.count(batch.run(rows), rows[-1][0], done):
                return  # somebody else has it, or it was cancelled
    except Gone:
        return
    except Rejected as refusal:
        _fail(runtime, job, refusal.sentence)
        return
    _complete(runtime, job)


def rehearse_run(runtime: Runtime, job: Job, stopped: Callable[[], bool]) -> None:
    """Decides every row as the run would, and notes what it would do."""
    journal = Journal(runtime.database, runtime.keys, job, "dry_run")
    if job.line == job.first_line:
        journal.forget()
    kind = kind_of(runtime, job, journal)
    try:
        for rows, done in batches(runtime, job, kind):
            if stopped():
                return
            decisions = kind.decide(rows)
            if not journal.count(decisions, rows[-1][0], done):
                return
    except Gone:
        return
    except Rejected as refusal:
        end(runtime.database, job, "mapped", error=refusal.sentence)
        return
    counted = find(runtime.database, job.import_id) or job
    rehearsed = ImportRehearsed(created=counted.registered, **_counts(counted))
    as_owner(runtime, job).execute(imports, job.import_id, partial(rehearse, rehearsed=rehearsed))
    end(runtime.database, job, "dry_run")


def kind_of(runtime: Runtime, job: Job, journal: Journal) -> Kind:
    """What reads and decides the rows of an import."""
    region = runtime.settings.region
    if job.kind == "interactions":
        return Interactions(runtime.log, job.import_id, region, journal)
    if job.kind == "affiliations":
        return Affiliations(runtime.log, job.import_id, region)
    if job.kind == "accounts":
        return Accounts(runtime.log, job.import_id, job.upsert, journal)
    return People(runtime, job.import_id, job.upsert, journal)


def batches(runtime: Runtime, job: Job, kind: Kind) -> Iterator[tuple[Sequence[Row], int]]:
    """The rows that are still to be worked off, and how many bytes were read for them. Raises `Gone`, `Rejected`."""
    done = 0

    def blocks() -> Iterator[bytes]:
        nonlocal done
        for block in chunks(runtime.database, runtime.keys, job.upload_id, job.size_bytes):
            done += len(block)
            yield block

    entries = entries_of(blocks(), job.layout, after=job.line)
    rows = ((line, kind.read(values)) for line, values in entries)
    while batch := tuple(islice(rows, BATCH)):
        yield batch, done


def as_owner(runtime: Runtime, job: Job) -> Commands:
    """Commands on behalf of who imports."""
    return runtime.log.commands(Context(actor=job.actor, channel="import", correlation_id=str(job.import_id)))


def _counts(job: Job) -> dict[str, Any]:
    """What is told of an import that has ended, beside how many are new."""
    told = ("updated", "matched", "conflicts", "rejected", "accounts", "affiliated")
    return {each: getattr(job, each) for each in told}


def _complete(runtime: Runtime, job: Job) -> None:
    counted = find(runtime.database, job.import_id) or job
    command = partial(complete, registered=counted.registered, **_counts(counted))
    as_owner(runtime, job).execute(imports, job.import_id, command)
    if counted.rejected:
        keep_rejected(runtime, job, Journal(runtime.database, runtime.keys, job, "run").lines(REFUSED))
    discard(runtime.database, runtime.keys, job.upload_id)
    end(runtime.database, job, "completed_with_errors" if counted.rejected else "completed")


def _fail(runtime: Runtime, job: Job, sentence: str) -> None:
    _log.error("import failed", extra={"import": str(job.import_id)})
    as_owner(runtime, job).execute(imports, job.import_id, partial(fail, reason=sentence))
    discard(runtime.database, runtime.keys, job.upload_id)
    end(runtime.database, job, "failed", error=sentence)
