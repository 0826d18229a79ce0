"""A proposed merge: who takes part, who survives, what the profile will be, and the steps that do it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import Commands, EventLog, Step, Written
from crm.contacts.contact import contacts
from crm.contacts.family import Family
from crm.contacts.merger import absorb, check_choices, merge
from crm.contacts.settling import as_read, living, nothing, settle
from crm.contacts.survivorship import (
    CHOOSABLE,
    SINGLE,
    Profile,
    compose,
    own_value,
    resolve,
    source_of,
    survivor_of,
)
from crm.events.merging import MergeRule


@dataclass(frozen=True)
class Proposal:
    """A merge that could be made now: the survivor, whom it absorbs, and whose value of each field will count."""

    survivor: Family
    absorbed: tuple[Family, ...]
    field_choices: dict[str, UUID]

    @property
    def families(self) -> tuple[Family, ...]:
        return (self.survivor, *self.absorbed)

    @property
    def versions(self) -> dict[UUID, int]:
        """The streams it was decided on."""
        return {id: at for each in self.families for id, at in each.versions.items()}

    def result(self, merge_id: UUID, rule: MergeRule = "manual") -> Profile:
        """The profile after the merge: composed from the states that the merge would leave."""
        known = self.survivor.contact
        state = contacts.evolve(known, self.command(merge_id, rule)(known))
        joined = (*self.survivor.absorbed, *self.absorbed)
        return compose(replace(self.survivor, contact=state, absorbed=joined))

    def command(self, merge_id: UUID, rule: MergeRule) -> Command:
        return partial(
            merge,
            merge_id=merge_id,
            survivor=self.survivor,
            absorbed=self.absorbed,
            field_choices=self.field_choices,
            rule=rule,
        )

    def steps(self, merge_id: UUID, rule: MergeRule, expected: Mapping[UUID, int]) -> Iterator[Step]:
        """The survivor's first, then the absorbed; then those that only have to be as they were read."""
        taking = {self.survivor.contact_id: self.command(merge_id, rule)}
        part = partial(absorb, merge_id=merge_id, survivor=self.survivor.contact_id)
        taking |= {each.contact_id: part for each in self.absorbed}
        members = {each.contact_id: each for family in self.families for each in family.members()}
        for contact_id in (*taking, *(members.keys() - taking.keys())):
            command = as_read(members[contact_id].contact, taking.get(contact_id, nothing))
            yield Step(contacts, contact_id, command, expected.get(contact_id))


def propose(
    log: EventLog, ids: Sequence[UUID], *, survivor: UUID | None = None, choices: Mapping[str, UUID] | None = None
) -> Proposal:
    """Reads everybody; decides who survives and whose values count (C5, C6). An absorbed id stands for its person."""
    families = [living(log, each) for each in ids]
    if len({each.contact_id for each in families}) < len(families):
        raise Rejected("These ids are one person already.", field="absorb")
    chosen = living(log, survivor).contact_id if survivor else None
    if chosen is not None and chosen not in {each.contact_id for each in families}:
        raise Rejected("The survivor must be one of those who are merged.", field="survivor")
    facts = {member.contact_id: log.stream(member.contact_id) for each in families for member in each.members()}
    first = survivor_of(families, chosen, {id: (own[0].occurred_at, own[0].recorded_at) for id, own in facts.items()})
    if chosen is not None and first.contact_id != chosen:
        raise Rejected("An identified contact survives one that is only heard of. Choose another.", field="survivor")
    ordered = (first, *(each for each in families if each != first))
    check_choices(ordered, choices or {})
    since = {
        (id, field): (e.occurred_at, e.recorded_at)
        for id, own in facts.items()
        for e in own
        for field, setting in SINGLE.items()
        if isinstance(e.fact, setting)
    }
    return Proposal(first, ordered[1:], resolve(ordered, choices or {}, since))


def conflicts(proposal: Proposal) -> dict[str, list[UUID]]:
    """By field, the contacts that have different values of it, so that somebody may want to choose."""
    found: dict[str, list[UUID]] = {}
    for field in CHOOSABLE:
        sources = [source_of(each, field) for each in proposal.families]
        values = {own_value(each.contact, field) for each in sources} - {None}
        if len(values) > 1:
            found[field] = [each.contact_id for each in sources if own_value(each.contact, field) is not None]
    return found


def merge_contacts(
    log: EventLog,
    do: Commands,
    ids: Sequence[UUID],
    *,
    merge_id: UUID,
    survivor: UUID | None = None,
    choices: Mapping[str, UUID] | None = None,
    rule: MergeRule = "manual",
    expected: Mapping[UUID, int] | None = None,
) -> Written:
    """Makes several contacts one person; `expected` versions are those of a preview that must still be true.

    Raises `Rejected` and its kinds, and `Conflict` while others go on changing the same people.
    """

    def prepare() -> Iterator[Step]:
        return propose(log, ids, survivor=survivor, choices=choices).steps(merge_id, rule, expected or {})

    return settle(do, ids[0], prepare)
