"""Undoing merges (C9), and choosing anew whose values count: which streams take part, and the steps that do it."""

from collections.abc import Iterable, Iterator
from functools import partial
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import Step
from crm.chassis.people.merges import Merge
from crm.contacts.contact import contacts
from crm.contacts.family import Family
from crm.contacts.merger import choose, restore, unmerge
from crm.contacts.settling import as_read, nothing


def undoing(
    person: Family, undone: Iterable[tuple[Family, Merge]], reason: str, expected: int | None = None
) -> Iterator[Step]:
    """The steps that undo merges, each given with its survivor. `expected`: the canonical version the caller saw."""
    yield Step(contacts, person.contact_id, nothing, expected)
    for survivor, each in undone:
        yield Step(contacts, survivor.contact_id, partial(unmerge, merge_id=each.merge_id, reason=reason))
        for contact_id in each.absorbed:
            yield Step(contacts, contact_id, partial(restore, merge_id=each.merge_id))


def by_id(person: Family, merge_id: UUID) -> list[tuple[Family, Merge]]:
    """A merge of a person, whichever of the ids survived it."""
    for each in person.members():
        if found := each.contact.merges.find(merge_id):
            return [(each, found)]
    raise Rejected("There is no such merge of this person, or it was undone already.", field="merge_id")


def by_holder(person: Family, holder: UUID | None) -> list[tuple[Family, Merge]]:
    """The merge that brought the holder of an identifier to a person.

    If the identifier is the canonical contact's own (the "first identifier"), nothing brought it: all merges that were
    made directly into that contact are undone, so that it stands alone as it did when it was its only one (C9).
    """
    member = person.member(holder) if holder else None
    if member is None:
        raise Rejected("This person has no such identifier.")
    if member.contact.merge_id is not None and member.contact.alias_of is not None:
        survivor = person.member(member.contact.alias_of) or person
        return by_id(survivor, member.contact.merge_id)
    if not (merges := member.contact.merges.in_force):
        raise Rejected("This contact was not merged, so there is nothing to undo.")
    return [(member, each) for each in merges]


def choosing(person: Family, field: str, source: UUID, expected: int | None) -> Iterator[Step]:
    """The steps that make one member's own value of a field count."""
    command = partial(choose, family=person, field=field, source=source)
    yield Step(contacts, person.contact_id, as_read(person.contact, command), expected)
    if (member := person.member(source)) is not None and member != person:
        yield Step(contacts, source, as_read(member.contact, nothing))
