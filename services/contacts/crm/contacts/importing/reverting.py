"""Taking an import back: what nobody has touched since is undone by facts; the rest stays, listed with the reason.

Changed since means: a later fact on the contact's own stream, or any fact of any service about the contact, recorded
after the row's own and not by this import. Nothing is deleted.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import Commands, Conflict, Context, Step
from crm.chassis.projection.consistency import state as view_state
from crm.chassis.runtime import Runtime
from crm.contacts.affiliation import affiliations
from crm.contacts.belonging import belonging
from crm.contacts.contact import contacts
from crm.contacts.history import history
from crm.contacts.import_job import imports, revert
from crm.contacts.import_row import import_rows, note_revert, row_stream
from crm.contacts.importing.interactions import interaction_stream
from crm.contacts.importing.job import LEASE, Job, end, find, release
from crm.contacts.importing.journal import Journal, Line
from crm.contacts.importing.reverting_accounts import Accounts
from crm.contacts.importing.running import as_owner
from crm.contacts.importing.taking_back import compensated, placed_back, take_back
from crm.contacts.interaction import interactions, retract
from crm.events import Fact, Recorded, wire
from crm.events.import_rows import ImportRowKept, ImportRowReverted

CHUNK = 100
_MADE = ("create", "update")
_LATER = """
    SELECT DISTINCT contact_id FROM unnest(%s::uuid[], %s::timestamptz[]) AS row (contact_id, at)
    JOIN {history} AS later USING (contact_id) WHERE later.recorded_at > row.at AND later.actor <> %s
"""
_PROGRESS = """
    UPDATE imports SET line = %s, undone = undone + %s, kept = kept + %s, leased_until = now() + %s
    WHERE import_id = %s AND line < %s AND state = 'reverting'
"""


class NotYet(Exception):  # noqa: N818 (named as people speak)
    """The views do not show yet what was recorded before the revert was asked for."""


@dataclass(frozen=True)
class Row:
    """A row to be taken back, its contact's facts (or its interaction's), and why it cannot be, if so."""

    line: Line
    facts: Sequence[Recorded[Fact]]
    kept: str | None
    work: Sequence[Recorded[Fact]] = ()
    """The facts of the affiliation that the row changed."""


def revert_run(runtime: Runtime, job: Job, stopped: Callable[[], bool]) -> None:
    """Takes an import back from where it is. Returns early if stopped. Raises `NotYet`."""
    _require_views(runtime, job)
    journal, after = Journal(runtime.database, runtime.keys, job, "run"), job.line
    context = Context(actor=f"import:{job.import_id}", channel="import", correlation_id=str(job.import_id))
    do = runtime.log.commands(context)
    while lines := journal.some(_MADE, after, CHUNK):
        if stopped():
            return
        # Accounts and who belongs to them stay: others refer to them from the first day.
        undone = _undo(job, do, _examined(runtime, job, lines)) if job.kind in ("people", "interactions") else 0
        after = lines[-1].line
        counts = (after, undone, len(lines) - undone, LEASE, job.import_id, after)
        with runtime.database.connection() as connection:
            connection.execute(_PROGRESS, counts)
    if job.kind == "people" and not Accounts(runtime, job, do).revert(stopped):
        return
    done = find(runtime.database, job.import_id) or job
    as_owner(runtime, job).execute(imports, job.import_id, partial(revert, undone=done.undone, kept=done.kept))
    end(runtime.database, job, "reverted")


def _require_views(runtime: Runtime, job: Job) -> None:
    folded = runtime.log.get(imports, job.import_id)
    tokens = [(runtime.log.service, job.import_id, folded.version)]
    with runtime.database.connection() as connection:
        if all(view_state(connection, each.name, tokens) == "applied" for each in (history, belonging)):
            return
    release(runtime.database, job)
    raise NotYet


def _examined(runtime: Runtime, job: Job, lines: Sequence[Line]) -> list[Row]:
    actor = f"import:{job.import_id}"
    if job.kind == "interactions":
        told = {each.line: runtime.log.stream(interaction_stream(job.import_id, each.line)) for each in lines}
        return [Row(each, told[each.line], _amended(told[each.line], actor)) for each in lines]
    facts = _facts(runtime, lines)
    first: dict[UUID, datetime] = {}
    for each in lines:
        own = [e.recorded_at for id in (each.contact_id, each.affiliation_id) for e in facts[id] if e.actor == actor]
        if each.contact_id and own:
            first[each.contact_id] = min(own)
    statement = _LATER.format(history=history.table.name).encode()
    with runtime.database.connection() as connection:
        later = connection.execute(statement, (list(first), list(first.values()), actor)).fetchall()
    touched = {each for (each,) in later}
    return [_row(each, facts, actor, touched) for each in lines if each.contact_id]


def _facts(runtime: Runtime, lines: Sequence[Line]) -> dict[UUID | None, list[Recorded[Fact]]]:
    """The facts of contacts and affiliations, in one look."""
    contacts = [each.contact_id for each in lines if each.contact_id]
    runtime.log.keys.prefetch(contacts)
    streams = {*contacts, *(each.affiliation_id for each in lines if each.affiliation_id)}
    found = runtime.log.store.load(streams)
    unseal = runtime.log.keys.unseal
    return {None: [], **{each: [wire.open_fact(fact, unseal) for fact in found[each]] for each in streams}}


def _amended(told: Sequence[Recorded[Fact]], actor: str) -> str | None:
    return None if told and told[-1].actor == actor else "The interaction has been amended since."


def _row(line: Line, facts: dict[UUID | None, list[Recorded[Fact]]], actor: str, touched: set[UUID]) -> Row:
    told, work = facts[line.contact_id], facts[line.affiliation_id]
    own = [any(e.actor == actor for e in each) for each in (told, work)]
    row = partial(Row, line, told, work=work)
    nothing_to_undo = not any(own) and line.account_id is None
    if nothing_to_undo or (own[0] and told[-1].actor != actor):
        return row(kept="The contact has changed since.")
    if work and work[-1].actor != actor:
        return row(kept="The affiliation has changed since.")
    return row(kept="Something has happened with the contact since." if line.contact_id in touched else None)


def _undo(job: Job, do: Commands, rows: Sequence[Row]) -> int:
    """Takes rows back in one append, or halves of them where somebody is faster. Returns how many it took back."""
    if not rows:
        return 0
    try:
        do.execute_together(*(step for each in rows for step in _steps(job, do.context.actor, each)))
        return sum(each.kept is None for each in rows)
    except (Rejected, Conflict) as refusal:
        if len(rows) == 1:
            reason = refusal.sentence if isinstance(refusal, Rejected) else "The contact has changed since."
            do.execute_together(_noted(job.import_id, Row(rows[0].line, rows[0].facts, reason)))
            return 0
    half = len(rows) // 2
    return _undo(job, do, rows[:half]) + _undo(job, do, rows[half:])


def _steps(job: Job, actor: str, row: Row) -> list[Step]:
    noted = _noted(job.import_id, row)
    if row.kept is not None or row.line.contact_id is None:
        return [noted]
    if job.kind == "interactions":
        stream = interaction_stream(job.import_id, row.line.line)
        retracted = partial(retract, author=actor, reason="The import it came with was taken back.")
        return [Step(interactions, stream, retracted, expected=row.facts[-1].version), noted]
    return [*_steps_back(row, row.line.contact_id, actor, job.import_id), noted]


def _steps_back(row: Row, contact: UUID, actor: str, import_id: UUID) -> Iterator[Step]:
    """The contact and the affiliation, each made what it was before the row's own facts."""
    if any(e.actor == actor for e in row.facts):
        before = contacts.fold(_before(row.facts, actor))
        command: Command = partial(compensated, before=before) if before else partial(take_back, import_id=import_id)
        yield Step(contacts, contact, command, expected=row.facts[-1].version)
    if row.work and row.line.affiliation_id:
        place = affiliations.fold(_before(row.work, actor))
        command = partial(placed_back, before=place, import_id=import_id)
        yield Step(affiliations, row.line.affiliation_id, command, expected=row.work[-1].version)


def _before(told: Sequence[Recorded[Fact]], actor: str) -> Iterator[Any]:
    """The facts before the first of an actor."""
    return (e.fact for e in takewhile(lambda e: e.actor != actor, told))


def _noted(import_id: UUID, row: Row) -> Step:
    contact = row.line.contact_id
    assert contact
    outcome: ImportRowReverted | ImportRowKept = ImportRowReverted(
        import_id=import_id, line=row.line.line, contact=contact
    )
    if row.kept is not None:
        outcome = ImportRowKept(import_id=import_id, line=row.line.line, contact=contact, reason=row.kept)
    return Step(import_rows, row_stream(import_id, row.line.line), partial(note_revert, outcome=outcome))
