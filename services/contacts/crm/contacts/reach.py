"""How a contact is reached: commands about e-mail addresses and telephone numbers. No I/O.

An address is found in any spelling (C1), a number in any national variant (C2); facts name it as it was entered.
"""

from collections.abc import Collection

from crm.chassis.decider import Rejected
from crm.chassis.people.identity import Identifier, email_identifier, is_email, phone_identifier
from crm.contacts.contact import Contact, writable
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPhoneVerified,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
)
from crm.events.particulars import Phone


def add_email(contact: Contact | None, *, email: str, shared: Collection[Identifier] = ()) -> ContactEmailAdded | None:
    """Adds an e-mail address; the first one is the primary one. If it is among `shared`, others have it too (C3)."""
    if not is_email(email):
        raise Rejected("This is not an e-mail address.", field="email")
    if find_email(writable(contact), email) is not None:
        return None
    return ContactEmailAdded(email=email.strip(), shared=email_identifier(email) in shared)


def verify_email(contact: Contact | None, *, email: str) -> ContactEmailVerified | None:
    """Records that an address is known to be this person's."""
    held = held_email(writable(contact), email)
    return ContactEmailVerified(email=held) if contact and held not in contact.verified else None


def remove_email(contact: Contact | None, *, email: str) -> ContactEmailRemoved:
    """Removes an address; the next one becomes the primary one."""
    return ContactEmailRemoved(email=held_email(writable(contact), email))


def make_email_primary(contact: Contact | None, *, email: str) -> ContactPrimaryEmailChanged | None:
    """Makes an address the one that is written to."""
    contact = writable(contact)
    held = held_email(contact, email)
    changed = held != contact.emails[0] or contact.merges.is_foreign("primary_email")
    return ContactPrimaryEmailChanged(email=held) if changed else None


def add_phone(
    contact: Contact | None, *, phone: Phone, shared: Collection[Identifier] = ()
) -> ContactPhoneAdded | None:
    """Adds a number, also one that cannot be read; the first one is the primary one. `shared` as for `add_email`."""
    if not phone.entered:
        raise Rejected("A telephone number is missing.", field="phone")
    added = ContactPhoneAdded(phone=phone.entered, e164=phone.e164, shared=phone_identifier(phone) in shared)
    return added if find_phone(writable(contact), phone) is None else None


def verify_phone(contact: Contact | None, *, phone: Phone) -> ContactPhoneVerified | None:
    """Records that a number is known to be this person's."""
    held = held_phone(writable(contact), phone)
    return ContactPhoneVerified(phone=held.entered) if contact and held.entered not in contact.verified else None


def remove_phone(contact: Contact | None, *, phone: Phone) -> ContactPhoneRemoved:
    """Removes a number; the next one becomes the primary one."""
    return ContactPhoneRemoved(phone=held_phone(writable(contact), phone).entered)


def make_phone_primary(contact: Contact | None, *, phone: Phone) -> ContactPrimaryPhoneChanged | None:
    """Makes a number the one that is called."""
    contact = writable(contact)
    held = held_phone(contact, phone)
    changed = held != contact.phones[0] or contact.merges.is_foreign("primary_phone")
    return ContactPrimaryPhoneChanged(phone=held.entered) if changed else None


def find_email(contact: Contact, email: str) -> str | None:
    """An address of a contact as it was entered, by any spelling of it."""
    wanted = email_identifier(email) or email.strip()
    return next((each for each in contact.emails if (email_identifier(each) or each) == wanted), None)


def held_email(contact: Contact, email: str) -> str:
    """The address as it was entered. Raises `Rejected` if the contact does not have it."""
    held = find_email(contact, email)
    if held is None:
        raise Rejected("This contact has no such e-mail address.", field="email")
    return held


def find_phone(contact: Contact, phone: Phone) -> Phone | None:
    """A number of a contact as it was entered, by any variant of it."""
    wanted = phone_identifier(phone) or phone.entered
    return next((each for each in contact.phones if (phone_identifier(each) or each.entered) == wanted), None)


def held_phone(contact: Contact, phone: Phone) -> Phone:
    """The number as it was entered. Raises `Rejected` if the contact does not have it."""
    held = find_phone(contact, phone)
    if held is None:
        raise Rejected("This contact has no such telephone number.", field="phone")
    return held
