"""Identifiers that do not name one person alone, and what several people bring together: commands (C3, C4). No I/O."""

from collections.abc import Collection, Sequence
from functools import partial

from crm.chassis.decider import Command, Rejected
from crm.chassis.people.identity import Identifier, device_identifier
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.identifiers import identifier_of
from crm.contacts.reach import add_email, add_phone, held_email, held_phone
from crm.contacts.registration import link_external_id
from crm.events.contacts import ContactFact
from crm.events.particulars import ExternalId, Phone
from crm.events.sharing import DeviceLinked, IdentifierShared, IdentifierUnshared, SharedKind


def declare(
    contact: Contact | None,
    *,
    email: str | None = None,
    phone: Phone | None = None,
    device: str | None = None,
    shared: bool,
) -> IdentifierShared | IdentifierUnshared | None:
    """Declares that others have it too, such as info@ or a household's number, or that it is this person's alone.

    Exactly one is given. What somebody else holds cannot become this person's alone: the log refuses it as taken.
    """
    kind, value = _had(writable(contact), email, phone, device)
    identifier = identifier_of(writable(contact), kind, value)
    if identifier is None:
        raise Rejected("This names nobody in particular.", field=kind)
    if contact and (identifier in contact.shared | contact.borrowed) == shared:
        return None
    return IdentifierShared(kind=kind, value=value) if shared else IdentifierUnshared(kind=kind, value=value)


def has(contact: Contact, *, email: str | None = None, phone: Phone | None = None, device: str | None = None) -> bool:
    """Whether a contact itself has what is named."""
    try:
        _had(contact, email, phone, device)
    except Rejected:
        return False
    return True


def _had(contact: Contact, email: str | None, phone: Phone | None, device: str | None) -> tuple[SharedKind, str]:
    """What is meant, as it was entered when the contact got it."""
    if email is not None:
        return "email", held_email(contact, email)
    if phone is not None:
        return "phone", held_phone(contact, phone).entered
    if device is None or not has_device(contact, device=device):
        raise Rejected("This contact has no such device.", field="device")
    return "device", device.strip()


def link_device(contact: Contact | None, *, device: str, shared: Collection[Identifier] = ()) -> DeviceLinked | None:
    """Records that this person uses a device. If it is among `shared`, others use it too."""
    identifier = device_identifier(device)
    if identifier is None:
        raise Rejected("This names no device in particular.", field="device")
    if has_device(writable(contact), device=device):
        return None
    return DeviceLinked(device=device.strip(), shared=identifier in shared)


def has_device(contact: Contact, *, device: str) -> bool:
    """Whether a contact itself uses a device."""
    return device.strip() in contact.devices


def complement(
    contact: Contact | None,
    *,
    emails: Sequence[str] = (),
    phones: Sequence[Phone] = (),
    external_ids: Sequence[ExternalId] = (),
    devices: Sequence[str] = (),
    shared: Collection[Identifier] = (),
) -> tuple[ContactFact, ...]:
    """Adds to somebody known whatever else was heard of them: what they have already is passed over (C4)."""
    commands: list[Command] = [
        *(partial(add_email, email=each, shared=shared) for each in emails),
        *(partial(add_phone, phone=each, shared=shared) for each in phones),
        *(partial(link_external_id, external_id=each) for each in external_ids),
        *(partial(link_device, device=each, shared=shared) for each in devices if device_identifier(each)),
    ]
    return contacts.decide_in_turn(writable(contact), commands)
