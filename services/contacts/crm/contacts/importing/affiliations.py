"""Rows of affiliations: who belongs to which account, in which role and when; both must be known."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from crm.chassis.decider import Claim, Rejected
from crm.chassis.log import EventLog, Step
from crm.contacts.account import claim_of
from crm.contacts.affiliation import Affiliation, Change, affiliate, affiliation_stream, affiliations
from crm.contacts.importing.applied import applied_before
from crm.contacts.importing.batches import Row, row_step
from crm.contacts.importing.deciding import Decision
from crm.contacts.importing.said import whom_of
from crm.contacts.importing.values import Unusable, Values, too_long
from crm.events.import_rows import ImportRowApplied
from crm.events.particulars import ExternalId


@dataclass(frozen=True)
class Belonging:
    """What a row tells of."""

    who: tuple[Claim, ...]
    account: Claim
    role: str | None
    department: str | None
    valid_from: date | None
    valid_to: date | None


class Affiliations:
    """The rows of one import, each an affiliation."""

    makes_contacts = False

    def __init__(self, log: EventLog, import_id: UUID, region: str) -> None:
        self._log, self._import, self._region = log, import_id, region

    def read(self, values: Values | Unusable) -> Belonging | Unusable:
        return belonging_in(values, self._region)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        told = [row for _, row in rows if isinstance(row, Belonging)]
        held = self._log.holders({each for row in told for each in (*row.who, row.account)})
        pairs = {line: _pair(row, held) for line, row in rows if isinstance(row, Belonging)}
        streams = [affiliation_stream(*pair) for pair in pairs.values() if not isinstance(pair, Unusable)]
        known = {stream: folded.state for stream, folded in self._log.get_all(affiliations, streams).items()}
        done = applied_before(self._log, self._import, [line for line, _ in rows])
        return [self._decide(line, row, pairs.get(line), known, line in done) for line, row in rows]

    def _decide(
        self,
        line: int,
        row: Belonging | Unusable,
        pair: tuple[UUID, UUID] | Unusable | None,
        known: dict[UUID, Affiliation],
        done: bool,
    ) -> Decision:
        why = next((each for each in (row, pair) if isinstance(each, Unusable)), None)
        if why is not None:
            return Decision(line, "unusable", field=why.field, reason=why.reason)
        assert isinstance(row, Belonging)
        assert isinstance(pair, tuple)
        contact, account = pair
        stream = affiliation_stream(contact, account)
        if done:
            return Decision(line, "update", contact, row.who[0][0])
        try:
            facts = _told(row, contact, account)(known.get(stream))
        except Rejected as refusal:
            return Decision(line, "unusable", field=refusal.field, reason=refusal.sentence)
        if not facts:
            return Decision(line, "unchanged", contact, row.who[0][0])
        known[stream] = affiliations.fold(facts, known.get(stream)) or known[stream]
        return Decision(line, "update", contact, row.who[0][0], row=(row, account))

    def steps(self, decision: Decision) -> list[Step]:
        contact = decision.contact
        if contact is None or decision.row is None:
            return []  # an earlier life of this import has done it
        row, account = decision.row
        applied = ImportRowApplied(
            import_id=self._import, line=decision.line, contact=contact, matched_by=decision.matched_by or ""
        )
        told = Step(affiliations, affiliation_stream(contact, account), _told(row, contact, account))
        return [told, row_step(self._import, decision.line, applied)]


def _told(row: Belonging, contact: UUID, account: UUID) -> Callable[[Affiliation | None], tuple[Change, ...]]:
    def tell(known: Affiliation | None) -> tuple[Change, ...]:
        return affiliate(
            known,
            contact=contact,
            account=account,
            role=row.role,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
            department=row.department or (known.latest.department if known and known.periods else None),
        )

    return tell


def _pair(row: Belonging, held: dict[Claim, UUID]) -> tuple[UUID, UUID] | Unusable:
    contact = next((held[each] for each in row.who if each in held), None)
    if contact is None:
        return Unusable(row.who[0][0], "Nobody is known by this. Import the person first.")
    if row.account not in held:
        return Unusable("account", "No account has this id. Import the account first.")
    return contact, held[row.account]


def belonging_in(values: Values | Unusable, region: str) -> Belonging | Unusable:
    """The affiliation that a row tells of."""
    if isinstance(values, Unusable):
        return values
    if problem := too_long(values):
        return problem
    who = tuple(whom_of(values, region))
    field = next((each for each in values if each.partition(":")[0] == "account"), None)
    account = claim_of(ExternalId(field.partition(":")[2] or "import", values[field][0])) if field else None
    if not who or account is None:
        missing = "account" if who else "email"
        return Unusable(missing, "The row does not say who belongs to what: give a person's identifier and an account.")
    first = {name: told[0] for name, told in values.items()}
    try:
        days = [date.fromisoformat(first[name]) if name in first else None for name in ("valid_from", "valid_to")]
    except ValueError:
        return Unusable("valid_from", "Give days as 2026-11-23.")
    return Belonging(who, account, first.get("role"), first.get("department"), *days)
