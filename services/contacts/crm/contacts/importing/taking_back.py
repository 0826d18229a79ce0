"""Undoing what a row did to a contact, by facts: commands. No I/O."""

from functools import partial
from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.details_record import detail, unlink_external_id, untag
from crm.contacts.reach import remove_email, remove_phone
from crm.contacts.registration import move, rename
from crm.events.contacts import ContactFact
from crm.events.imports import ContactWithdrawn


def take_back(contact: Contact | None, *, import_id: UUID) -> ContactWithdrawn | None:
    """A contact that only an import has made: their identifiers are free again, nothing more is recorded."""
    if contact is not None and contact.withdrawn:
        return None
    writable(contact)
    return ContactWithdrawn(import_id=import_id)


def compensated(contact: Contact | None, *, before: Contact) -> tuple[ContactFact, ...]:
    """Makes a contact what they were before a row changed them. Raises `Rejected` if no fact can do that."""
    known = writable(contact)
    if known.attributes != before.attributes:
        raise Rejected("The row set a custom attribute. Change it by hand.")
    commands: list[Command] = [
        lambda now: rename(now, name=before.name),
        lambda now: move(now, address=before.address),
        *(_removing_email(each) for each in known.emails if each not in before.emails),
        *(_removing_phone(each.entered) for each in known.phones if each not in before.phones),
        *(partial(unlink_external_id, external_id=e) for e in known.external_ids if e not in before.external_ids),
        *(partial(untag, tag=each) for each in known.tags if each not in before.tags),
        partial(detail, changes={"birthday": before.birthday}),
    ]
    return contacts.decide_in_turn(known, commands)


def _removing_email(email: str) -> Command:
    return lambda now: remove_email(now, email=email)


def _removing_phone(entered: str) -> Command:
    return lambda now: remove_phone(now, phone=next(each for each in now.phones if each.entered == entered))
