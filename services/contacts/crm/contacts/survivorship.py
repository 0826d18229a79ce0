"""Survivorship (C6): which of several ids' values a person has. Pure, so that a preview is the result.

A field with one value: a person's choice, then what is certain, then the newest; what is empty never wins. A field with
several values: the union, the survivor's first. Every value is known by the contact it comes from. A new field of
contacts joins with one line in one of the three tables.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from crm.chassis.people.identity import device_identifier, email_identifier, external_identifier, phone_identifier
from crm.contacts.contact import Contact
from crm.contacts.details import handle_identifier
from crm.contacts.family import Family
from crm.events import Fact
from crm.events.contacts import ContactMoved, ContactRegistered, ContactRenamed
from crm.events.profiles import (
    ContactAssigned,
    ContactBirthdayRecorded,
    ContactLanguageChanged,
    ContactTimeZoneChanged,
)

SINGLE: dict[str, tuple[type[Fact], ...]] = {
    "name": (ContactRegistered, ContactRenamed),
    "address": (ContactRegistered, ContactMoved),
    "owner": (ContactAssigned,),
    "birthday": (ContactBirthdayRecorded,),
    "language": (ContactLanguageChanged,),
    "time_zone": (ContactTimeZoneChanged,),
}
"""Fields of a contact with one value, and the facts that set it."""

MULTIPLE: dict[str, Callable[[Any], Hashable]] = {
    "emails": lambda each: email_identifier(each) or each,
    "phones": lambda each: phone_identifier(each) or each.entered,
    "external_ids": lambda each: external_identifier(each) or each,
    "tags": lambda each: each,
    "further_addresses": lambda each: each.label,
    "handles": lambda each: handle_identifier(each) or each,
    "attributes": lambda each: each.attribute,
    "devices": lambda each: device_identifier(each) or each,
}
"""Fields with several values, and what makes two of them the same one."""

PRIMARY: dict[str, tuple[str, Callable[[Any], str]]] = {
    "primary_email": ("emails", lambda each: each),
    "primary_phone": ("phones", lambda each: each.entered),
}
"""Which of several values comes first is a choice as well; and how a value is named among the verified ones."""

CHOOSABLE = (*SINGLE, *PRIMARY)
"""The fields for which one id's value counts."""


@dataclass(frozen=True)
class Profile:
    """What is known of a person under all ids. `provenance`: by field, the contact each value comes from, in order."""

    contact: Contact
    provenance: dict[str, tuple[UUID, ...]]


def own_value(contact: Contact, field: str) -> Any:
    """A contact's own value of a choosable field; None if it is empty."""
    if field in PRIMARY:
        return next(iter(getattr(contact, PRIMARY[field][0])), None)
    if field == "name" and contact.unnamed:
        return None
    return getattr(contact, field) or None


def source_of(family: Family, field: str) -> Family:
    """The member whose own value of a choosable field counts."""
    members = {each.contact_id: each for each in family.members()}

    def has(contact_id: UUID) -> bool:
        return contact_id in members and own_value(members[contact_id].contact, field) is not None

    chosen = family.contact.merges.chosen(field, family.contact_id, has)
    if chosen is not None:
        return members[chosen]
    # The survivor's own, else the first that is there.
    candidates = [family, *(source_of(each, field) for each in family.absorbed)]
    return next((each for each in candidates if own_value(each.contact, field) is not None), family)


def compose(family: Family) -> Profile:
    """The profile of a person, from the states of all ids and the choices."""
    if not family.absorbed:
        return Profile(family.contact, _provenance_of_one(family))
    values, provenance = dict[str, Any](), dict[str, tuple[UUID, ...]]()
    for field in SINGLE:
        source = source_of(family, field)
        values[field] = getattr(source.contact, field)
        provenance[field] = (source.contact_id,) if values[field] else ()
    first = {fields: source_of(family, primary) for primary, (fields, _) in PRIMARY.items()}
    for field in MULTIPLE:
        union = _union(family, field, first.get(field, family))
        values[field] = tuple(value for value, _ in union)
        provenance[field] = tuple(holder for _, holder in union)
    verified = frozenset(value for each in family.members() for value in each.contact.verified)
    values["shared"] = frozenset(each for member in family.members() for each in member.contact.shared)
    values["borrowed"] = frozenset(each for member in family.members() for each in member.contact.borrowed)
    values["unnamed"] = source_of(family, "name").contact.unnamed
    aliases = family.ids - {family.contact_id}
    return Profile(replace(family.contact, **values, verified=verified, aliases=aliases), provenance)


def _provenance_of_one(family: Family) -> dict[str, tuple[UUID, ...]]:
    single = {field: (family.contact_id,) if getattr(family.contact, field) else () for field in SINGLE}
    return single | {field: (family.contact_id,) * len(getattr(family.contact, field)) for field in MULTIPLE}


def _union(family: Family, field: str, first: Family) -> list[tuple[Any, UUID]]:
    """The values of all members without repetitions: the primary one, then the survivor's, then as they joined."""
    found: dict[Hashable, tuple[Any, UUID]] = {}
    for value in getattr(first.contact, field)[:1]:
        found[MULTIPLE[field](value)] = (value, first.contact_id)
    for each in family.members():
        for value in getattr(each.contact, field):
            found.setdefault(MULTIPLE[field](value), (value, each.contact_id))
    return list(found.values())


Since = Mapping[tuple[UUID, str], Any]
"""When a member's own value of a field was set, in an order: by contact and field."""


def resolve(families: Iterable[Family], chosen: Mapping[str, UUID], since: Since) -> dict[str, UUID]:
    """Whose own value counts for each choosable field, once these families are one; the survivor's comes first (C6)."""
    families = list(families)
    found: dict[str, UUID] = {}
    for field in CHOOSABLE:
        candidates = [source_of(each, field) for each in families]
        filled = [each for each in candidates if own_value(each.contact, field) is not None]
        if field in chosen:
            found[field] = chosen[field]
        elif filled:
            best = max(filled, key=lambda each: (is_certain(each.contact, field), _newness(each, field, since)))
            found[field] = best.contact_id
    return found


def is_certain(contact: Contact, field: str) -> bool:
    """Whether a value is more than hearsay: a verified address or number, a name from somebody's decision."""
    if field in PRIMARY:
        fields, named = PRIMARY[field]
        return any(named(each) in contact.verified for each in getattr(contact, fields)[:1])
    return not contact.provisional


def _newness(member: Family, field: str, since: Since) -> Any:
    """None of several addresses is the right one for being younger: there the survivor's stays first."""
    return () if field in PRIMARY else since.get((member.contact_id, field), ())


def survivor_of(families: Iterable[Family], chosen: UUID | None, opened: Mapping[UUID, Any]) -> Family:
    """Who survives (C5): an identified contact, then the chosen one, then the one that was opened first."""

    def rank(each: Family) -> tuple[Any, ...]:
        heard_of = each.contact.provisional or each.contact.anonymous
        return (heard_of, each.contact_id != chosen, opened[each.contact_id], each.contact_id)

    return min(families, key=rank)
