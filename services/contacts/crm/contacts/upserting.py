"""Plans of upserts: whoever has the id of another system is revised, else somebody is registered with it (C4, C12).

Of two that come at once with the same new id one registers; the other plans again and revises what the first one made.
"""

from collections.abc import Callable, Iterable
from typing import TypeAlias
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.decider import Command, Rejected, Taken, refusing
from crm.chassis.log import EventLog, Step
from crm.chassis.people.identity import Identifier, external_identifier
from crm.contacts.account import accounts
from crm.contacts.claiming import Claiming
from crm.contacts.contact import contacts
from crm.contacts.lookup import find_erased
from crm.contacts.organisations import Accounts
from crm.contacts.routing import to_whole
from crm.events.particulars import ExternalId


def upserting_account(
    log: EventLog,
    new: UUID,
    external_id: ExternalId,
    *,
    register: Command,
    revise: Command,
    within: Territory = EVERYWHERE,
) -> Step:
    """Revises the account another system calls so, or registers it under the id `new`."""
    holder = _holder(log, "account_", external_id)
    if holder is None:
        return Step(accounts, new, register)
    found = Accounts(log).find(holder)
    within.check(found.account.owner)
    return Step(accounts, found.account_id, revise)


Telling: TypeAlias = Callable[[frozenset[Identifier]], Command]
"""A command that tells of somebody, by which of the identifiers are not theirs alone."""


def upserting_contact(
    claiming: Claiming,
    new: UUID,
    external_id: ExternalId,
    told: Iterable[Identifier],
    *,
    register: Telling,
    revise: Telling,
) -> Step:
    """Revises the contact another system calls so, under its canonical id, or registers it under the id `new`.

    The identifiers that are `told` of it are taken by the rules of the deployment (C3).
    """
    log = claiming.log
    holder = _holder(log, "", external_id)
    found = find_erased(log, holder) if holder else None
    if found:
        claiming.within.check(found.contact.owner)
    contact = found.contact_id if found else new
    mine = {found.contact_id, *found.contact.aliases} if found else set()
    try:
        shared = claiming.not_own({*told} - {external_identifier(external_id)}, mine)
    except Taken as refusal:
        return Step(contacts, contact, refusing(refusal))
    return to_whole(log, contact, revise(shared)) if found else Step(contacts, new, register(shared))


def _holder(log: EventLog, prefix: str, external_id: ExternalId) -> UUID | None:
    identifier = external_identifier(external_id)
    if identifier is None:
        raise Rejected(
            "This id names nothing in particular. Give the id that the other system uses.", field="external_id"
        )
    return log.holder(prefix + identifier.kind, identifier.match_key)
