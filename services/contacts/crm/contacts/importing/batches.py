"""Deciding batches of rows and appending what they lead to, each batch in one append.

A kind of row (`people`, `interactions`) says how a row is read, what it leads to, and what that appends.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol
from uuid import UUID

from crm.chassis.decider import Claim, Rejected, Taken
from crm.chassis.log import Commands, Conflict, EventLog, Step
from crm.contacts.import_row import import_rows, note, row_stream
from crm.contacts.importing.deciding import MATCHED, REFUSED, Decision
from crm.contacts.importing.values import Unusable, Values
from crm.events import Fact
from crm.events.import_rows import ImportRowFact, ImportRowMatched, ImportRowNamedAccount, ImportRowRejected

AGAIN = 3
"""How often a single row is decided again that somebody overtakes."""

Row = tuple[int, Any]
"""A line of the file and what stands there: what its kind reads, or `Unusable`."""


class Earlier(Protocol):
    """What earlier batches of the same import did."""

    def lines_of(self, contacts: Collection[UUID]) -> Mapping[UUID, int]:
        """The lines that made or changed some contacts."""

    def held(self, claims: Collection[Claim]) -> Mapping[Claim, UUID]:
        """Which of some claims earlier rows would hold, where nothing is appended."""


class Kind(Protocol):
    """A kind of row."""

    makes_contacts: bool

    def read(self, values: Values | Unusable) -> Any:
        """What a row tells of, or `Unusable`."""

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        """What rows lead to. Raises `KeyringUnavailable`."""

    def steps(self, decision: Decision) -> list[Step]:
        """What is appended for a row that makes or changes something."""


@dataclass(frozen=True)
class Batch:
    """One import's rows on their way. Repeated after a kill, it comes to the same streams, so nothing comes twice."""

    log: EventLog
    do: Commands
    import_id: UUID
    kind: Kind

    def run(self, rows: Sequence[Row], *, again: int = AGAIN) -> list[Decision]:
        """Appends what rows lead to. Where somebody else overtakes one, halves are decided again, at last it alone."""
        try:
            return self._append(rows)
        except (Rejected, Conflict) as refusal:
            if len(rows) == 1:
                overtaken = again and isinstance(
                    refusal, Taken | Conflict
                )  # goes on with whom it was overtaken by (C4)
                return self.run(rows, again=again - 1) if overtaken else [self._refused(rows[0], refusal)]
        half = len(rows) // 2
        return [*self.run(rows[:half]), *self.run(rows[half:])]

    def _append(self, rows: Sequence[Row]) -> list[Decision]:
        decisions = self.kind.decide(rows)
        if self.kind.makes_contacts:
            self.log.keys.create([each.contact for each in decisions if each.outcome == "create" and each.contact])
        if steps := [step for each in decisions for step in self._steps(each)]:
            self.do.execute_together(*steps)
        return decisions

    def _refused(self, row: Row, refusal: Exception) -> Decision:
        if not isinstance(refusal, Rejected):
            raise refusal
        decision = Decision(row[0], "unusable", field=refusal.field, reason=refusal.sentence)
        self.do.execute_together(*self._steps(decision))
        return decision

    def _steps(self, decision: Decision) -> list[Step]:
        if decision.outcome not in (*MATCHED, *REFUSED):
            return self.kind.steps(decision)
        return [row_step(self.import_id, decision.line, _fact_of(self.import_id, decision))]


def row_step(import_id: UUID, line: int, outcome: ImportRowFact) -> Step:
    """Records what became of a row, once."""
    return Step(import_rows, row_stream(import_id, line), partial(note, outcome=outcome))


def unless_known(state: Any, *, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """How something begins that a row makes, unless an earlier life of the import has made it."""
    return facts if state is None else ()


def _fact_of(import_id: UUID, decision: Decision) -> ImportRowFact:
    if decision.outcome in REFUSED or decision.contact is None:
        return ImportRowRejected(
            import_id=import_id,
            line=decision.line,
            field=decision.field,
            reason=decision.reason or "",
            conflict_with=decision.contact,
        )
    if decision.of_account:
        return ImportRowNamedAccount(
            import_id=import_id, line=decision.line, account=decision.contact, earlier_line=decision.earlier_line
        )
    return ImportRowMatched(
        import_id=import_id,
        line=decision.line,
        contact=decision.contact,
        matched_by=decision.matched_by or "",
        earlier_line=decision.earlier_line,
    )
