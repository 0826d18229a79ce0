"""Rows of people: looking up whom they may meet, and what is appended for them."""

from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from crm.chassis.decider import Claim, Erased, Unknown
from crm.chassis.log import Step
from crm.chassis.runtime import Runtime
from crm.contacts import lookup
from crm.contacts.attribute_record import InForce
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.claiming import Claiming
from crm.contacts.consent import consent_stream
from crm.contacts.consent import consents as consent_aggregate
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.importing import consents
from crm.contacts.importing.applied import applied_before
from crm.contacts.importing.batches import Earlier, Row, row_step, unless_known
from crm.contacts.importing.deciding import Decision, Known, Met, Upsert, decide
from crm.contacts.importing.employing import Employing, Told, steps_of
from crm.contacts.importing.joining import Joining
from crm.contacts.importing.rows import Person, Wish, person_of
from crm.contacts.importing.values import Unusable, Values
from crm.events import Fact, wire
from crm.events.import_rows import ImportRowApplied, ImportRowRegistered


class People:
    """The rows of one import, each a person."""

    makes_contacts = True

    def __init__(self, runtime: Runtime, import_id: UUID, upsert: Upsert, earlier: Earlier) -> None:
        self._log, self._import, self._upsert = runtime.log, import_id, upsert
        self._region, self._earlier = runtime.settings.region, earlier
        self._claiming = Claiming(runtime.log, runtime.settings.uniqueness)
        self._employing = Employing(runtime.log, runtime.database, earlier)
        self._rules = InForce()

    def read(self, values: Values | Unusable) -> Person | Unusable:
        return person_of(values, self._region)

    def decide(self, rows: Sequence[Row]) -> list[Decision]:
        self._rules = in_force(self._log, "contact")
        known = self._known({line: row for line, row in rows if isinstance(row, Person)})
        done = self._done([line for line, _ in rows])
        return [done.get(line) or decide(line, row, self._made(line), self._upsert, known) for line, row in rows]

    def _known(self, people: Mapping[int, Person]) -> Known:
        wanted: set[Claim] = {claim for each in people.values() for claim in each.claims}
        erased = self._log.tombstoned(wanted)
        found = self._held(wanted.union(*(each.workplace.claims for each in people.values() if each.workplace)))
        held = {claim: holder for claim, holder in found.items() if claim in wanted}
        met = self._met(set(held.values()))
        holders = {*held.values(), *(each.contact_id for each in met.values())}
        employers, places = self._employing.around(self._told(people, held, met), found)
        return Known(
            held,
            met,
            dict(self._earlier.lines_of(holders)),
            self._rules,
            erased,
            nobodys=self._claiming.nobodys(claim for each in people.values() for claim in each.claims),
            is_open=self._claiming.is_open,
            employers=employers,
            places=places,
        )

    def _told(self, people: Mapping[int, Person], held: Mapping[Claim, UUID], met: Mapping[UUID, Met]) -> list[Told]:
        """Where people work, each with whom the row may change: not the one that it made in an earlier life."""
        changeable = met if self._upsert.on_match == "update" else {}
        return [
            Told(
                each.workplace, [changeable[holder] for holder in holders - {self._made(line)} if holder in changeable]
            )
            for line, each in people.items()
            if each.workplace
            for holders in ({held[claim] for claim in each.claims if claim in held},)
        ]

    def steps(self, decision: Decision) -> list[Step]:
        contact, person = decision.contact, decision.row
        assert contact
        if person is None:
            return []  # an earlier life of this import has done it
        joined = steps_of(decision.joining, of_new=decision.outcome == "create")
        if decision.outcome == "create":
            made = Step(contacts, contact, partial(unless_known, facts=decision.facts))
            said = consents.steps_of(person.wishes, contact)
            return [*self._as_defined(person), made, *joined, *said, *self._noted(decision)]
        barred = self._barred(person, contact)
        said = consents.steps_of([each for each in person.wishes if each not in barred], contact)
        changed = Step(contacts, contact, partial(_as_planned, facts=decision.facts), seen=decision.seen)
        applied = self._applied(decision, consents.remark_on(barred))
        return [*self._as_defined(person), changed, *joined, *said, row_step(self._import, decision.line, applied)]

    def _noted(self, decision: Decision) -> list[Step]:
        """What the facts of a new contact do not say: the account that the row made, and what was left out."""
        joining, contact = decision.joining, decision.contact
        assert contact
        account = joining.account if joining and joining.makes else None
        if account is None and decision.reason is None:
            return []
        registered = ImportRowRegistered(
            import_id=self._import, line=decision.line, contact=contact, account=account, remark=decision.reason
        )
        return [row_step(self._import, decision.line, registered)]

    def _applied(self, decision: Decision, remark: str | None) -> ImportRowApplied:
        joining, contact = decision.joining, decision.contact
        assert contact
        return ImportRowApplied(
            import_id=self._import,
            line=decision.line,
            contact=contact,
            matched_by=decision.matched_by or "",
            remark=" ".join(filter(None, (remark, decision.reason))) or None,
            account=joining.account if joining else None,
            account_made=joining is not None and joining.makes,
            affiliation=joining.affiliation if joining else None,
        )

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
        return {line: _as_applied(line, fact) for line, fact in applied.items()}

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


def _as_applied(line: int, fact: ImportRowApplied) -> Decision:
    joining = Joining(fact.account, fact.account_made, fact.affiliation) if fact.account else None
    return Decision(line, "update", fact.contact, fact.matched_by, joining=joining)


def _as_planned(contact: Contact | None, *, facts: tuple[Fact, ...]) -> tuple[Fact, ...]:
    """What was decided on all that is known of somebody, absorbed ids too; made anew if they have changed since."""
    writable(contact)
    return facts
