"""Working imports off: batch by batch, each counted after its append, so a kill at any row costs at most one repeat."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from crm.chassis.decider import Rejected
from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Context, Disconnected
from crm.chassis.runtime import Runtime
from crm.contacts.import_job import complete, imports
from crm.contacts.importing.batches import Batch, Outcome, Row
from crm.contacts.importing.dialect import Dialect, rows_of
from crm.contacts.importing.rows import person_of
from crm.contacts.importing.spool import chunks, discard

BATCH = 100
"""Rows in one append; with their claims some 300 facts, written in a few hundredths of a second."""
LEASE = timedelta(seconds=30)
IDLE_S = 1.0
ABANDONED = timedelta(days=1)

_PASSING = (psycopg.OperationalError, Disconnected, KeyringUnavailable, Conflict)
_log = logging.getLogger("crm.imports")

_TAKE = """
    UPDATE imports SET leased_until = now() + %s WHERE import_id = (
        SELECT import_id FROM imports WHERE state = 'running' AND (leased_until IS NULL OR leased_until < now())
        ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING import_id, upload_id, actor, encoding, delimiter, quote, columns, line
"""
_COUNT = """
    UPDATE imports SET line = %(line)s, registered = registered + %(registered)s, matched = matched + %(matched)s,
        rejected = rejected + %(rejected)s, done_bytes = %(done)s, leased_until = now() + %(lease)s
    WHERE import_id = %(id)s AND line < %(line)s
"""
_FORGET_UPLOADS = """
    DELETE FROM import_chunks WHERE uploaded_at < now() - %s AND upload_id NOT IN (
        SELECT upload_id FROM imports WHERE state = 'running')
"""


@dataclass(frozen=True)
class Job:
    """An import to be worked off from after a line."""

    import_id: UUID
    upload_id: UUID
    actor: str
    encoding: str
    delimiter: str
    quote: str
    columns: dict[str, str]
    line: int


def work_off_imports(runtime: Runtime, stop: threading.Event) -> None:
    """Works imports off, one after the other, until told to stop; goes on after the database was away."""
    while not stop.is_set():
        try:
            job = _take(runtime)
            if job is None:
                stop.wait(IDLE_S)
            else:
                work_off(runtime, job, stop.is_set)
        except _PASSING as error:
            _log.warning("imports wait", extra={"error": type(error).__name__})
            runtime.database.drop_broken()
            stop.wait(IDLE_S)


def work_off(runtime: Runtime, job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
    """Works one import off from where it is. Returns early if stopped; somebody takes it up again."""
    done = 0

    def blocks() -> Iterator[bytes]:
        nonlocal done
        for block in chunks(runtime.database, runtime.keys, job.upload_id):
            done += len(block)
            yield block

    dialect = Dialect(job.encoding, job.delimiter, job.quote)
    try:
        rows = (
            (line, person_of(row, job.columns, runtime.settings.region))
            for line, row in rows_of(blocks(), dialect)
            if line > job.line
        )
        while batch := tuple(islice(rows, BATCH)):
            if stopped():
                return
            outcome = _batch(runtime, job).run(batch)
            _count(runtime, job, batch, outcome, done)
    except Rejected as refusal:
        _fail(runtime, job, refusal.sentence)
        return
    _complete(runtime, job)


def _take(runtime: Runtime) -> Job | None:
    with runtime.database.connection() as connection, connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(_TAKE, (LEASE,)).fetchone()


def _batch(runtime: Runtime, job: Job) -> Batch:
    context = Context(actor=f"import:{job.import_id}", channel="import", correlation_id=str(job.import_id))
    return Batch(runtime.log, runtime.log.commands(context), job.import_id, _Lines(runtime, job.import_id))


class _Lines(dict[UUID, int]):
    """The lines of contacts that this import made, looked up as they are asked for."""

    def __init__(self, runtime: Runtime, import_id: UUID) -> None:
        super().__init__()
        self._runtime, self._import = runtime, import_id

    def get(self, contact: UUID, default: Any = None) -> Any:
        with self._runtime.database.connection() as connection:
            row = connection.execute(
                "SELECT line FROM import_lines WHERE import_id = %s AND contact_id = %s", (self._import, contact)
            ).fetchone()
        return row[0] if row else default


def _count(runtime: Runtime, job: Job, batch: tuple[Row, ...], outcome: Outcome, done: int) -> None:
    new = outcome.registered
    with runtime.database.transaction() as connection:
        counts = {"registered": len(new), "matched": outcome.matched, "rejected": outcome.rejected}
        connection.execute(_COUNT, counts | {"line": batch[-1][0], "done": done, "lease": LEASE, "id": job.import_id})
        connection.execute(
            "INSERT INTO import_lines SELECT %s, * FROM unnest(%s::uuid[], %s::bigint[]) ON CONFLICT DO NOTHING",
            (job.import_id, list(new), list(new.values())),
        )


def _complete(runtime: Runtime, job: Job) -> None:
    with runtime.database.connection() as connection:
        row = connection.execute(
            "SELECT registered, matched, rejected FROM imports WHERE import_id = %s", (job.import_id,)
        ).fetchone()
    assert row
    command = partial(complete, registered=row[0], matched=row[1], rejected=row[2])
    context = Context(actor=job.actor, channel="import", correlation_id=str(job.import_id))
    runtime.log.commands(context).execute(imports, job.import_id, command)
    _end(runtime, job, "completed", None)


def _fail(runtime: Runtime, job: Job, sentence: str) -> None:
    _log.error("import failed", extra={"import": str(job.import_id)})
    _end(runtime, job, "failed", sentence)


def _end(runtime: Runtime, job: Job, state: str, error: str | None) -> None:
    discard(runtime.database, runtime.keys, job.upload_id)
    with runtime.database.transaction() as connection:
        connection.execute(
            "UPDATE imports SET state = %s, error = %s, done_bytes = size_bytes, finished_at = now()"
            " WHERE import_id = %s",
            (state, error, job.import_id),
        )
        connection.execute("DELETE FROM import_lines WHERE import_id = %s", (job.import_id,))
        connection.execute(_FORGET_UPLOADS, (ABANDONED,))
