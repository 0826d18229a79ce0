"""Taking an import back: what nobody has touched since is undone by facts; the rest stays, listed with the reason.

Changed since means: a later fact on the contact's own stream, or any fact of any service about the contact, recorded
after the row's own and not by this import. Nothing is deleted.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import Commands, Conflict, Context, Step
from crm.chassis.projection.consistency import state as view_state
from crm.chassis.runtime import Runtime
from crm.contacts.contact import contacts
from crm.contacts.history import history
from crm.contacts.import_job import imports, revert
from crm.contacts.import_row import import_rows, note_revert, row_stream
from crm.contacts.importing.interactions import interaction_stream
from crm.contacts.importing.job import LEASE, Job, end, find, release
from crm.contacts.importing.journal import Journal, Line
from crm.contacts.importing.running import as_owner
from crm.contacts.importing.taking_back import compensated, take_back
from crm.contacts.interaction import interactions, retract
from crm.events import Fact, Recorded
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
    """The history does not show yet what was recorded before the revert was asked for."""


@dataclass(frozen=True)
class Row:
    """A row to be taken back, its contact's facts, and why it cannot be, if so."""

    line: Line
    facts: Sequence[Recorded[Fact]]
    kept: str | None


def revert_run(runtime: Runtime, job: Job, stopped: Callable[[], bool]) -> None:
    """Takes an import back from where it is. Returns early if stopped. Raises `NotYet`."""
    _require_history(runtime, job)
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
    done = find(runtime.database, job.import_id) or job
    as_owner(runtime, job).execute(imports, job.import_id, partial(revert, undone=done.undone, kept=done.kept))
    end(runtime.database, job, "reverted")


def _require_history(runtime: Runtime, job: Job) -> None:
    folded = runtime.log.get(imports, job.import_id)
    tokens = [(runtime.log.service, job.import_id, folded.version)]
    with runtime.database.connection() as connection:
        if view_state(connection, history.name, tokens) == "applied":
            return
    release(runtime.database, job)
    raise NotYet


def _examined(runtime: Runtime, job: Job, lines: Sequence[Line]) -> list[Row]:
    actor = f"import:{job.import_id}"
    if job.kind == "interactions":
        told = {each.line: runtime.log.stream(interaction_stream(job.import_id, each.line)) for each in lines}
        return [Row(each, told[each.line], _amended(told[each.line], actor)) for each in lines]
    ids = [each.contact_id for each in lines if each.contact_id]
    runtime.log.keys.prefetch(ids)
    facts = {each: runtime.log.stream(each) for each in ids}
    own = {each: [e.recorded_at for e in told if e.actor == actor] for each, told in facts.items()}
    first = {each: times[0] for each, times in own.items() if times}
    statement = _LATER.format(history=history.table.name).encode()
    with runtime.database.connection() as connection:
        later = connection.execute(statement, (list(first), list(first.values()), actor)).fetchall()
    touched = {each for (each,) in later}
    return [_row(each, facts, actor, touched) for each in lines if each.contact_id]


def _amended(told: Sequence[Recorded[Fact]], actor: str) -> str | None:
    return None if told and told[-1].actor == actor else "The interaction has been amended since."


def _row(line: Line, facts: dict[UUID, list[Recorded[Fact]]], actor: str, touched: set[UUID]) -> Row:
    assert line.contact_id
    told = facts[line.contact_id]
    if not told or told[-1].actor != actor:
        return Row(line, told, "The contact has changed since.")
    if line.contact_id in touched:
        return Row(line, told, "Something has happened with the contact since.")
    return Row(line, told, None)


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
    own = [e.version for e in row.facts if e.actor == actor]
    earlier: list[Any] = [e.fact for e in row.facts if e.version < own[0]]
    before = contacts.fold(earlier)
    command = partial(take_back, import_id=job.import_id) if before is None else partial(compensated, before=before)
    return [Step(contacts, row.line.contact_id, command, expected=row.facts[-1].version), noted]


def _noted(import_id: UUID, row: Row) -> Step:
    contact = row.line.contact_id
    assert contact
    outcome: ImportRowReverted | ImportRowKept = ImportRowReverted(
        import_id=import_id, line=row.line.line, contact=contact
    )
    if row.kept is not None:
        outcome = ImportRowKept(import_id=import_id, line=row.line.line, contact=contact, reason=row.kept)
    return Step(import_rows, row_stream(import_id, row.line.line), partial(note_revert, outcome=outcome))
