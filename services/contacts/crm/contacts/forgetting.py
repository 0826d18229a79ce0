"""Forgetting a person (C13): every id is erased in the same append, so that no merge or unmerge comes in between."""

from collections.abc import Iterator
from functools import partial
from uuid import UUID

from crm.chassis.log import EventLog, Step
from crm.contacts.contact import contacts
from crm.contacts.erasure import erase, erase_alias
from crm.contacts.lookup import find_erased
from crm.contacts.settling import as_read


def forgetting(log: EventLog, contact_id: UUID, expected: int | None, *, reason: str | None = None) -> Iterator[Step]:
    """The steps that erase a person by the canonical id, under all ids."""
    yield Step(contacts, contact_id, partial(erase, reason=reason), expected)
    person = find_erased(log, contact_id).family
    if person.contact_id != contact_id:
        return  # refused by the first step
    members = {each.contact_id: each for each in person.members()}
    for each in sorted(person.ids - {contact_id}):
        member = members.get(each)
        yield Step(contacts, each, as_read(member.contact, erase_alias) if member else erase_alias)
