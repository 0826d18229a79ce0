"""Plans of upserts: whoever has the id of another system is revised, else somebody is registered with it (C4, C12).

Of two that come at once with the same new id one registers; the other plans again and revises what the first one made.
"""

from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import EventLog, Step
from crm.chassis.people.identity import external_identifier
from crm.contacts.account import accounts
from crm.contacts.contact import contacts
from crm.contacts.lookup import find_erased
from crm.contacts.organisations import Accounts
from crm.contacts.routing import to_whole
from crm.events.particulars import ExternalId


def upserting_account(log: EventLog, new: UUID, external_id: ExternalId, *, register: Command, revise: Command) -> Step:
    """Revises the account another system calls so, or registers it under the id `new`."""
    holder = _holder(log, "account_", external_id)
    if holder is None:
        return Step(accounts, new, register)
    return Step(accounts, Accounts(log).find(holder).account_id, revise)


def upserting_contact(log: EventLog, new: UUID, external_id: ExternalId, *, register: Command, revise: Command) -> Step:
    """Revises the contact another system calls so, under its canonical id, or registers it under the id `new`."""
    holder = _holder(log, "", external_id)
    return to_whole(log, find_erased(log, holder).contact_id, revise) if holder else Step(contacts, new, register)


def _holder(log: EventLog, prefix: str, external_id: ExternalId) -> UUID | None:
    identifier = external_identifier(external_id)
    if identifier is None:
        raise Rejected(
            "This id names nothing in particular. Give the id that the other system uses.", field="external_id"
        )
    return log.holder(prefix + identifier.kind, identifier.match_key)
