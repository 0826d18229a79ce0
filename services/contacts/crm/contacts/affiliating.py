"""Plans of commands about affiliations: who must exist, and who is the primary account now."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command
from crm.chassis.log import EventLog, Step
from crm.contacts.account import accounts, existing
from crm.contacts.affiliation import PRIMARY, affiliation_stream, affiliations, become_secondary
from crm.contacts.lookup import concerning


def affiliating(
    log: EventLog, contact: UUID, account: UUID, command: Command, expected: int | None = None
) -> Sequence[Step]:
    """A command on an affiliation, refused unless both are there. `expected` is the contact's version."""
    known = log.get_all(accounts, [account]).get(account)

    def decide(state: Any) -> Any:
        existing(known.state if known else None)
        return command(state)

    return [Step(affiliations, affiliation_stream(contact, account), concerning(log, contact, expected, decide))]


def giving_way(log: EventLog, contact: UUID, account: UUID) -> Sequence[Step]:
    """The primary affiliation of a contact gives way, if it is with another account; part of its successor's plan."""
    holder = log.holder(PRIMARY, str(contact))
    if holder is None or holder == affiliation_stream(contact, account):
        return []
    return [Step(affiliations, holder, become_secondary)]
