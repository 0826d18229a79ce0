"""Undoing what a row did to a contact, their affiliation or an account, by facts: commands. No I/O."""

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.contacts.account import Account, accounts, existing
from crm.contacts.account_record import archive_account, unlink_account
from crm.contacts.affiliation import Affiliation, affiliate
from crm.contacts.contact import Contact, contacts, writable
from crm.contacts.details_record import detail, unlink_external_id, untag
from crm.contacts.reach import remove_email, remove_phone
from crm.contacts.registration import move, rename
from crm.events import Fact
from crm.events.affiliations import AffiliationWithdrawn
from crm.events.contacts import ContactFact
from crm.events.imports import ContactWithdrawn
from crm.events.particulars import ExternalId


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


def placed_back(affiliation: Affiliation | None, *, before: Affiliation | None, import_id: UUID) -> tuple[Fact, ...]:
    """Makes an affiliation what it was before a row told of it; one that only a row told of was never so."""
    if affiliation is None or not affiliation.periods:
        return ()
    whose: dict[str, Any] = {"contact": affiliation.contact, "account": affiliation.account}
    if before is None or not before.periods:
        return (AffiliationWithdrawn(**whose, import_id=import_id),)
    last, now = before.latest, affiliation.latest
    period: dict[str, Any] = {"valid_from": now.valid_from, "valid_to": now.valid_to}
    return affiliate(affiliation, **whose, **period, role=last.role, department=last.department)


def take_account_back(account: Account | None) -> tuple[Fact, ...]:
    """An account that only an import has made: nothing leads to it any more, and it is in the archive."""
    ids = existing(account).external_ids
    archived: Command = partial(archive_account, reason="The import it came with was taken back.")
    return accounts.decide_in_turn(account, [*(partial(unlink_account, external_id=each) for each in ids), archived])


def without(account: Account | None, *, ids: Sequence[ExternalId]) -> tuple[Fact, ...]:
    """An account that an import has given ids has them no more."""
    held = [each for each in existing(account).external_ids if each in ids]
    return accounts.decide_in_turn(account, [partial(unlink_account, external_id=each) for each in held])


def _removing_email(email: str) -> Command:
    return lambda now: remove_email(now, email=email)


def _removing_phone(entered: str) -> Command:
    return lambda now: remove_phone(now, phone=next(each for each in now.phones if each.entered == entered))
