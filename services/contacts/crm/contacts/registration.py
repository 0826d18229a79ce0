"""Becoming a contact, and what a contact is called, where they live, what others call them: commands. No I/O."""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from typing import TypeVar

from crm.chassis.decider import Rejected
from crm.chassis.people.identity import (
    Identifier,
    device_identifier,
    email_identifier,
    external_identifier,
    is_email,
    phone_identifier,
)
from crm.contacts.contact import Contact, writable
from crm.events.contacts import ContactMoved, ContactRegistered, ContactRenamed, ExternalIdLinked
from crm.events.particulars import ExternalId, Phone, PostalAddress

V = TypeVar("V", bound=Hashable)


def register(
    contact: Contact | None,
    *,
    name: str,
    emails: Sequence[str] = (),
    phones: Sequence[Phone] = (),
    address: PostalAddress | None = None,
    external_ids: Sequence[ExternalId] = (),
    provisional: bool = False,
    devices: Sequence[str] = (),
    anonymous: bool = False,
    shared: Collection[Identifier] = (),
) -> ContactRegistered:
    """Makes somebody a contact. Spellings of the same address or number are kept once (C1, C2).

    `shared` are those of the identifiers that do not name this person alone (C3).
    """
    if contact is not None:
        raise Rejected("This contact is already registered.")
    if not all(map(is_email, emails)):
        raise Rejected("This is not an e-mail address.", field="emails")
    kept_emails = _once((each.strip() for each in emails), email_identifier)
    kept_phones = _once(phones, phone_identifier)
    kept_devices = _once((each.strip() for each in devices), device_identifier)
    entered = [(each, email_identifier(each)) for each in kept_emails]
    entered += [(each.entered, phone_identifier(each)) for each in kept_phones]
    entered += [(each, device_identifier(each)) for each in kept_devices]
    return ContactRegistered(
        name=_named(name),
        emails=kept_emails,
        phones=kept_phones,
        address=address,
        external_ids=list(dict.fromkeys(external_ids)),
        provisional=provisional,
        devices=kept_devices,
        anonymous=anonymous,
        shared=[value for value, identifier in entered if identifier in shared],
    )


def _once(values: Iterable[V], identifier: Callable[[V], Identifier | None]) -> list[V]:
    """The first spelling of each."""
    first: dict[Hashable, V] = {}
    for each in values:
        first.setdefault(identifier(each) or each, each)
    return list(first.values())


def rename(contact: Contact | None, *, name: str) -> ContactRenamed | None:
    """Gives a contact another name."""
    name, known = _named(name), writable(contact)
    return ContactRenamed(name=name) if name != known.name or known.merges.is_foreign("name") else None


def _named(name: str) -> str:
    if not (name := " ".join(name.split())):
        raise Rejected("A contact needs a name.", field="name")
    return name


def move(contact: Contact | None, *, address: PostalAddress | None) -> ContactMoved | None:
    """Records another postal address, or that there is none."""
    known = writable(contact)
    return ContactMoved(address=address) if address != known.address or known.merges.is_foreign("address") else None


def revise(
    contact: Contact | None, *, name: str | None = None, address: PostalAddress | None = None, moved: bool = False
) -> tuple[ContactRenamed | ContactMoved, ...]:
    """Renames a contact if a name is given, and records a move if `moved`."""
    renamed = rename(contact, name=name) if name is not None else None
    gone = move(contact, address=address) if moved else None
    writable(contact)
    return tuple(each for each in (renamed, gone) if each is not None)


def link_external_id(contact: Contact | None, *, external_id: ExternalId) -> ExternalIdLinked | None:
    """Records what another system calls this person."""
    if external_id in writable(contact).external_ids:
        return None
    return ExternalIdLinked(system=external_id.system, id=external_id.id)


def has_external_id(contact: Contact, *, external_id: ExternalId) -> bool:
    """Whether another system's id is recorded for a contact, in any spelling of the system."""
    wanted = external_identifier(external_id) or external_id
    return any((external_identifier(each) or each) == wanted for each in contact.external_ids)
