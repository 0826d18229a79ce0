"""Rows of people: looking up whom they may meet, and what is appended for them."""

from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from crm.chassis.decider import Claim, Erased, Unknown
from crm.chassis.log import EventLog, Step
from crm.chassis.people.uniqueness import Uniqueness
from crm.contacts import lookup
from crm.contacts.attribute_record import InForce
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.claiming import Claiming
from crm.contacts.consent import consent_stream
from crm.contacts.consent import consents as consent_aggregate
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.importing import consents
from crm.contacts.importing.applied import applied_before
from crm.contacts.importing.batches import Earlier, Row, row_step
from crm.contacts.importing.deciding import Decision, Known, Met, Upsert, decide
from crm.contacts.importing.rows import Person, Wish, person_of
from crm.contacts.importing.values import Unusable, Values
from crm.events import Fact, wire
from crm.events.import_rows import ImportRowApplied


class People:
    """The rows of one import, each a person."""

    makes_contacts = True

    def __init__(
        self, log: EventLog, import_id: UUID, upsert: Upsert, region: str, earlier: Earlier, identity: Uniqueness
    ) -> None:
        self._log, self._import, self._upsert, self._region = log, import_id, upsert, region
        self._earlier = earlier
        self._claiming = Claiming(log, identity)
        self._rules = InForce()

    def read(self, values: Values | Unusable) -> Person | Unusable:
        return person_of(values, self._region)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        people = [row for _, row in rows if isinstance(row, Person)]
        wanted: set[Claim] = {claim for each in people for claim in each.claims}
        erased = self._log.tombstoned(wanted)
        held, self._rules = self._held(wanted), in_force(self._log, "contact")
        met = self._met(set(held.values()))
        holders = {*held.values(), *(each.contact_id for each in met.values())}
        known = Known(
            held,
            met,
            dict(self._earlier.lines_of(holders)),
            self._rules,
            erased,
            nobodys=self._claiming.nobodys(claim for each in people for claim in each.claims),
            is_open=self._claiming.is_open,
        )
        done = self._done([line for line, _ in rows])
        return [done.get(line) or decide(line, row, self._made(line), self._upsert, known) for line, row in rows]

    def steps(self, decision: Decision) -> list[Step]:
        contact, person = decision.contact, decision.row
        assert contact
        if person is None:
            return []  # an earlier life of this import has done it
        if decision.outcome == "create":
            made = Step(contacts, contact, partial(_unless_known, facts=decision.facts))
            return [*self._as_defined(person), made, *consents.steps_of(person.wishes, contact)]
        barred = self._barred(person, contact)
        applied = ImportRowApplied(
            import_id=self._import,
            line=decision.line,
            contact=contact,
            matched_by=decision.matched_by or "",
            remark=consents.remark_on(barred),
        )
        said = consents.steps_of([each for each in person.wishes if each not in barred], contact)
        changed = Step(contacts, contact, partial(_as_planned, facts=decision.facts), seen=decision.seen)
        return [*self._as_defined(person), changed, *said, row_step(self._import, decision.line, applied)]

    def _made(self, line: int) -> UUID:
        return uuid5(self._import, f"contact {line}")

    def _held(self, wanted: Set[Claim]) -> dict[Claim, UUID]:
        held = self._log.holders(wanted)
        return {**self._earlier.held(wanted - held.keys()), **held}

    def _met(self, holders: Set[UUID]) -> dict[UUID, Met]:
        """Those who hold something, as they are known now, in one look; who is gone is left out."""
        self._log.keys.prefetch(holders)
        found: dict[UUID, Met] = {}
        for each, history in self._log.store.load(holders).items():
            facts: list[Any] = [wire.open_fact(fact, self._log.keys.unseal).fact for fact in history]
            contact = contacts.fold(facts)
            if contact is None or contact.alias_of or contact.merges.absorbed:
                found |= self._merged(each)
            elif not contact.erased:
                found[each] = Met(each, contact, len(history))
        return found

    def _merged(self, contact_id: UUID) -> dict[UUID, Met]:
        """Somebody with several ids."""
        try:
            found = lookup.find(self._log, contact_id)
        except (Unknown, Erased):
            return {}
        return {contact_id: Met(found.contact_id, found.contact, found.version)}

    def _done(self, lines: Sequence[int]) -> Mapping[int, Decision]:
        """Rows that an earlier life of this import has applied: decided anew, they would change nothing."""
        if self._upsert.on_match == "skip":
            return {}
        applied = applied_before(self._log, self._import, lines)
        return {line: Decision(line, "update", fact.contact, fact.matched_by) for line, fact in applied.items()}

    def _as_defined(self, person: Person) -> list[Step]:
        """Refuses to go on if the custom attributes that a row was read by are others now."""
        return [unchanged("contact", self._rules)] if person.attributes else []

    def _barred(self, person: Person, contact: UUID) -> list[Wish]:
        """The consents a row would grant though they were withdrawn under one of the person's ids."""
        granted = [each for each in person.wishes if each.granted]
        found = self._met({contact}).get(contact) if granted else None
        ids = (contact, *(found.contact.aliases if found else ()))
        return [each for each in granted if any(self._is_withdrawn(some, each) for some in ids)]

    def _is_withdrawn(self, contact: UUID, wish: Wish) -> bool:
        told: list[Any] = self._log.stream(consent_stream(contact, wish.channel, wish.purpose))
        return consents.is_withdrawn(consent_aggregate.fold(each.fact for each in told))


def _as_planned(contact: Contact | None, *, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """What was decided on all that is known of somebody, absorbed ids too; made anew if they have changed since."""
    writable(contact)
    return facts


def _unless_known(contact: Contact | None, *, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    return facts if contact is None else ()
