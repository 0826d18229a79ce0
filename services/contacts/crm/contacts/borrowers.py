"""Borrowers: which contacts have an identifier that somebody else holds, or that names nobody (C3)."""

from dataclasses import dataclass, replace
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.people.identity import Identifier, device_identifier, email_identifier, phone_identifier
from crm.chassis.projection import Db, Page, PageRequest, Subject, View
from crm.contacts.owning import owned
from crm.events import Personal, Recorded
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactErased,
    ContactIdentified,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactRegistered,
)
from crm.events.particulars import Phone
from crm.events.sharing import DeviceLinked, IdentifierUnshared


@dataclass(frozen=True)
class Borrower:
    """What a contact has that is not its own: as it was entered, and by what it is matched, side by side."""

    contact_id: Subject
    entered: Personal[tuple[str, ...]]
    keys: Personal[tuple[str, ...]]


borrowers = View("borrowers", Borrower, key="contact_id", indexes=("keys array_ops",))


@borrowers.on(ContactRegistered)
def begin(_: Borrower | None, e: Recorded[ContactRegistered]) -> Borrower | None:
    f, row = e.fact, None
    for value in f.shared:
        phone = next((each for each in f.phones if each.entered == value), None)
        if phone is not None:
            row = borrow(row, e.stream, value, phone_identifier(phone))
        elif value in f.devices:
            row = borrow(row, e.stream, value, device_identifier(value))
        else:
            row = borrow(row, e.stream, value, email_identifier(value))
    return row


@borrowers.on(ContactEmailAdded, ContactPhoneAdded, DeviceLinked)
def add(row: Borrower | None, e: Recorded[ContactEmailAdded | ContactPhoneAdded | DeviceLinked]) -> Borrower | None:
    if not e.fact.shared:
        return row
    match e.fact:
        case ContactEmailAdded(email=email):
            return borrow(row, e.stream, email, email_identifier(email))
        case ContactPhoneAdded(phone=phone, e164=e164):
            return borrow(row, e.stream, phone, phone_identifier(Phone(phone, e164)))
        case DeviceLinked(device=device):
            return borrow(row, e.stream, device, device_identifier(device))


@borrowers.on(ContactEmailRemoved, ContactPhoneRemoved, IdentifierUnshared)
def give_back(
    row: Borrower | None, e: Recorded[ContactEmailRemoved | ContactPhoneRemoved | IdentifierUnshared]
) -> Borrower | None:
    match e.fact:
        case ContactEmailRemoved(email=value) | ContactPhoneRemoved(phone=value) | IdentifierUnshared(value=value):
            return _without(row, value)


@borrowers.on(ContactErased, ContactIdentified)
def strike_out(_: Borrower | None, e: Recorded[ContactErased | ContactIdentified]) -> None:
    """Nobody finds them here any more."""


def borrow(row: Borrower | None, contact: UUID, entered: str, identifier: Identifier | None) -> Borrower | None:
    """With one thing more; nothing changes where it cannot be matched (also once it is erased)."""
    if identifier is None:
        return row
    row = row or Borrower(contact, (), ())
    return replace(row, entered=(*row.entered, entered), keys=(*row.keys, _key(identifier)))


def _without(row: Borrower | None, entered: str) -> Borrower | None:
    if row is None or entered not in row.entered:
        return row
    kept = [pair for pair in zip(row.entered, row.keys, strict=True) if pair[0] != entered]
    return replace(row, entered=tuple(a for a, _ in kept), keys=tuple(b for _, b in kept)) if kept else None


def _key(identifier: Identifier) -> str:
    return f"{identifier.kind}:{identifier.match_key}"


def who_have(db: Db, identifier: Identifier | None, page: PageRequest, *, within: Territory = EVERYWHERE) -> Page[UUID]:
    """The contacts that have this identifier though it is not theirs alone, each under its original id."""
    key = _key(identifier) if identifier else ""
    mine, owners = owned("contact_id", within)
    found = borrowers.page(db, f"keys @> ARRAY[%s] AND {mine}", (key, *owners), order_by="contact_id", page=page)
    return Page(tuple(each.contact_id for each in found.items), found.next)
