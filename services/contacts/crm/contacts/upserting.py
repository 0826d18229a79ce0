"""Plans of upserts: whoever has the id of another system is revised, else somebody is registered with it (C4, C12).

Of two that come at once with the same new id one registers; the other plans again and revises what the first one made.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import EventLog, Step
from crm.chassis.people.identity import external_identifier
from crm.contacts.account import accounts
from crm.contacts.contact import contacts
from crm.contacts.lookup import find_erased
from crm.events.particulars import ExternalId


def upserting_account(log: EventLog, new: UUID, external_id: ExternalId, *, register: Command, revise: Command) -> Step:
    """Revises the account another system calls so, or registers it under the id `new`."""
    holder = _holder(log, "account_", external_id)
    return Step(accounts, holder, revise) if holder else Step(accounts, new, register)


def upserting_contact(
    log: EventLog, new: UUID, external_id: ExternalId, *, register: Command, revise: Callable[..., Any]
) -> Step:
    """Revises the contact another system calls so, under its canonical id, or registers it under the id `new`."""
    holder = _holder(log, "", external_id)
    if holder is None:
        return Step(contacts, new, register)
    found = find_erased(log, holder)
    return Step(contacts, found.contact_id, partial(revise, person=found.contact))


def _holder(log: EventLog, prefix: str, external_id: ExternalId) -> UUID | None:
    identifier = external_identifier(external_id)
    if identifier is None:
        raise Rejected(
            "This id names nothing in particular. Give the id that the other system uses.", field="external_id"
        )
    return log.holder(prefix + identifier.kind, identifier.match_key)
