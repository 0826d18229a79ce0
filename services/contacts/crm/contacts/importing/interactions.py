"""Rows of interactions: looking up with whom they were, and which were logged before as a record of another system."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from uuid import UUID, uuid5

from msgspec.structs import replace

from crm.chassis.decider import Claim
from crm.chassis.log import EventLog, Step
from crm.contacts.importing.batches import Earlier, Row
from crm.contacts.importing.deciding import Decision, Outcome
from crm.contacts.importing.said import Said, said_in
from crm.contacts.importing.values import Unusable, Values
from crm.contacts.interaction import RECORD, Interaction, interactions
from crm.contacts.provenance import same_person
from crm.events.interactions import InteractionLogged


def interaction_stream(import_id: UUID, line: int) -> UUID:
    """Where the interaction of a row is recorded."""
    return uuid5(import_id, f"interaction {line}")


@dataclass(frozen=True)
class Logged:
    """With whom a record of another system was logged before: under which id, or by which of these rows."""

    contact: UUID
    interaction: UUID | None = None
    line: int | None = None


class Interactions:
    """The rows of one import, each an interaction."""

    makes_contacts = False

    def __init__(self, log: EventLog, import_id: UUID, region: str, earlier: Earlier) -> None:
        self._log, self._import, self._region, self._earlier = log, import_id, region, earlier

    def read(self, values: Values | Unusable) -> Said | Unusable:
        return said_in(values, self._region)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        told = [row for _, row in rows if isinstance(row, Said)]
        held = self._log.holders({each for row in told for each in row.with_whom})
        before = self._before({each for row in told for each in row.claims})
        return [self._decide(line, row, held, before) for line, row in rows]

    def _before(self, records: set[Claim]) -> dict[Claim, Logged]:
        held = self._log.holders(records)
        histories = self._log.store.load(list(held.values()))
        found = {each: Logged(contact) for each, contact in self._earlier.held(records - held.keys()).items()}
        return found | {each: Logged(histories[at][0].partition_key, at) for each, at in held.items()}

    def _decide(
        self, line: int, row: Said | Unusable, held: dict[Claim, UUID], before: dict[Claim, Logged]
    ) -> Decision:
        if isinstance(row, Unusable):
            return Decision(line, "unusable", field=row.field, reason=row.reason)
        match = next((each for each in row.with_whom if each in held), None)
        if match is None:
            reason = "Nobody is known by this. Import the person first."
            return Decision(line, "unusable", field=row.with_whom[0].kind, reason=reason)
        contact, own = held[match], interaction_stream(self._import, line)
        known = next((before[each] for each in row.claims if each in before and before[each].interaction != own), None)
        if known is not None:
            return self._known(line, contact, known)
        before |= dict.fromkeys(row.claims, Logged(contact, line=line))
        return Decision(line, "create", contact, match.kind, row=row)

    def _known(self, line: int, contact: UUID, known: Logged) -> Decision:
        if not same_person(self._log, known.contact, contact):
            reason = f"This was logged with contact {known.contact}, who is not meant by the row."
            return Decision(line, "conflict", known.contact, field=RECORD, reason=reason)
        outcome: Outcome = "known" if known.line is None else "duplicate"
        return Decision(line, outcome, contact, RECORD, known.line)

    def steps(self, decision: Decision) -> list[Step]:
        said, contact = decision.row, decision.contact
        assert isinstance(said, Said) and contact
        logged = replace(said.logged, contact=contact)
        stream = interaction_stream(self._import, decision.line)
        return [Step(interactions, stream, partial(_once, logged=logged), occurred_at=said.occurred_at)]


def _once(interaction: Interaction | None, *, logged: InteractionLogged) -> InteractionLogged | None:
    return logged if interaction is None else None
