"""What is known of a contact beside names and identifiers, and who takes care of it: commands. No I/O."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

from crm.chassis.decider import Command, Rejected
from crm.chassis.people.identity import Identifier, external_identifier
from crm.contacts.attribute_record import InForce, assign_values, first_values
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.details import Handle, handle_identifier
from crm.contacts.reach import add_email, add_phone
from crm.contacts.registration import link_external_id, register, revise
from crm.events.attributes import AttributeFact
from crm.events.contacts import ContactFact, ContactRegistered
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.profiles import (
    ContactArchived,
    ContactAssigned,
    ContactBirthdayRecorded,
    ContactConfirmed,
    ContactLanguageChanged,
    ContactReactivated,
    ContactTagged,
    ContactTimeZoneChanged,
    ContactUntagged,
    ExternalIdUnlinked,
    FurtherAddressRecorded,
    FurtherAddressRemoved,
    SocialHandleLinked,
    SocialHandleUnlinked,
)

Detail: TypeAlias = ContactAssigned | ContactBirthdayRecorded | ContactLanguageChanged | ContactTimeZoneChanged
MOST_ADDRESSES, MOST_TAGS, MOST_HANDLES = 20, 100, 50


def register_completely(
    contact: Contact | None, *, attributes: Mapping[str, object], rules: InForce, **particulars: Any
) -> tuple[ContactRegistered | AttributeFact, ...]:
    """Makes somebody a contact, with every attribute that is required. `particulars` are those of `register`."""
    return (register(contact, **particulars), *first_values(attributes, rules))


def describe(contact: Contact | None, *, attributes: Mapping[str, object], rules: InForce) -> tuple[AttributeFact, ...]:
    """Sets custom attributes, or clears them (None)."""
    return assign_values(writable(contact).attributes, attributes, rules)


def refresh(
    contact: Contact | None,
    *,
    name: str | None,
    emails: Sequence[str],
    phones: Sequence[Phone],
    address: PostalAddress | None,
    external_ids: Sequence[ExternalId],
    attributes: Mapping[str, object],
    rules: InForce,
    shared: Collection[Identifier] = (),
) -> tuple[ContactFact, ...]:
    """Another system tells what it knows of somebody: what is new is added, what is left out stays.

    `shared` are those of the identifiers that do not name this person alone (C3).
    """
    commands: list[Command] = [
        partial(revise, name=name, address=address, moved=address is not None),
        *(partial(add_email, email=each, shared=shared) for each in emails),
        *(partial(add_phone, phone=each, shared=shared) for each in phones),
        *(partial(link_external_id, external_id=each) for each in external_ids),
        partial(describe, attributes=attributes, rules=rules),
    ]
    return contacts.decide_in_turn(contact, commands)


def has_attribute(contact: Contact, *, names: Collection[str]) -> bool:
    """Whether a contact has a value of one of these custom attributes."""
    return any(each.attribute in names for each in contact.attributes)


def confirm(contact: Contact | None) -> ContactConfirmed | None:
    """Somebody heard of is a contact from now on, by decision."""
    return ContactConfirmed() if writable(contact).provisional else None


def tag(contact: Contact | None, *, tag: str) -> ContactTagged | None:
    tags = writable(contact).tags
    if tag not in tags and len(tags) >= MOST_TAGS:
        raise Rejected(f"A contact has at most {MOST_TAGS} tags. Take one off first.", field="tag")
    return ContactTagged(tag=tag) if tag not in tags else None


def untag(contact: Contact | None, *, tag: str) -> ContactUntagged | None:
    return ContactUntagged(tag=tag) if tag in writable(contact).tags else None


def has_tag(contact: Contact, *, tag: str) -> bool:
    return tag in contact.tags


def archive(contact: Contact | None, *, reason: str | None = None) -> ContactArchived | None:
    """Lists leave them out from now on; they stay readable, and can be merged and erased."""
    return ContactArchived(reason=reason) if not writable(contact).archived else None


def reactivate(contact: Contact | None) -> ContactReactivated | None:
    return ContactReactivated() if writable(contact).archived else None


def detail(contact: Contact | None, *, changes: Mapping[str, Any]) -> tuple[Detail, ...]:
    """Records what is in `changes`, of owner, birthday, language and time zone; None takes it away."""
    known = writable(contact)
    facts: dict[str, type[Detail]] = {
        "owner": ContactAssigned,
        "birthday": ContactBirthdayRecorded,
        "language": ContactLanguageChanged,
        "time_zone": ContactTimeZoneChanged,
    }
    return tuple(
        fact(**{name: changes[name]})
        for name, fact in facts.items()
        if name in changes and (changes[name] != getattr(known, name) or known.merges.is_foreign(name))
    )


def keep_address(contact: Contact | None, *, label: str, address: PostalAddress) -> FurtherAddressRecorded | None:
    """Records a further postal address, or another one under the same label."""
    known = {each.label: each.address for each in writable(contact).further_addresses}
    if label not in known and len(known) >= MOST_ADDRESSES:
        raise Rejected(f"A contact has at most {MOST_ADDRESSES} further addresses. Remove one first.", field="label")
    return FurtherAddressRecorded(label=label, address=address) if known.get(label) != address else None


def drop_address(contact: Contact | None, *, label: str) -> FurtherAddressRemoved:
    """Removes a further postal address."""
    if not has_address(writable(contact), label=label):
        raise Rejected("This contact has no further address under that label.", field="label")
    return FurtherAddressRemoved(label=label)


def has_address(contact: Contact, *, label: str) -> bool:
    """Whether there is a further address under a label."""
    return any(each.label == label for each in contact.further_addresses)


def link_handle(contact: Contact | None, *, handle: Handle) -> SocialHandleLinked | None:
    """Records what somebody is called in a social network; nobody else is called so."""
    handles = writable(contact).handles
    if _held(handles, handle):
        return None
    if len(handles) >= MOST_HANDLES:
        raise Rejected(f"A contact has at most {MOST_HANDLES} handles. Remove one first.", field="handle")
    return SocialHandleLinked(network=handle.network, handle=handle.handle)


def unlink_handle(contact: Contact | None, *, handle: Handle) -> SocialHandleUnlinked:
    """Removes a handle; it is free for others again."""
    held = _held(writable(contact).handles, handle)
    if held is None:
        raise Rejected("This contact has no such handle.", field="handle")
    return SocialHandleUnlinked(network=held.network, handle=held.handle)


def has_handle(contact: Contact, *, handle: Handle) -> bool:
    """Whether a contact has a handle, in any spelling."""
    return _held(contact.handles, handle) is not None


def _held(handles: Sequence[Handle], wanted: Handle) -> Handle | None:
    return next((each for each in handles if handle_identifier(each) == handle_identifier(wanted)), None)


def unlink_external_id(contact: Contact | None, *, external_id: ExternalId) -> ExternalIdUnlinked:
    """Another system does not know them by this id any more; it is free for others again."""
    wanted = external_identifier(external_id) or external_id
    for each in writable(contact).external_ids:
        if (external_identifier(each) or each) == wanted:
            return ExternalIdUnlinked(system=each.system, id=each.id)
    raise Rejected("This contact has no such id in that system.", field="id")
