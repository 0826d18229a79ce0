"""Suppression: which addresses get nothing more for which purpose. It follows the address, whoever holds it (C7, M4).

It is read from the log itself, never from a view, so it is in effect as soon as it is recorded.
"""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from crm.chassis.decider import Aggregate
from crm.chassis.keys import Keys
from crm.chassis.log import EventLog
from crm.chassis.people.identity import email_identifier
from crm.events.campaigns import AddressSuppressed, SuppressionFact


class Suppression(Struct, frozen=True):
    """`contact` is who last asked for it."""

    contact: UUID
    purposes: frozenset[str]


def suppress_address(
    suppression: Suppression | None, *, contact: UUID, purpose: str, anew: bool = False
) -> AddressSuppressed | None:
    """Nothing for this purpose goes there any more. `anew`: they have agreed again since it was last said."""
    if suppression is not None and purpose in suppression.purposes and not anew:
        return None
    return AddressSuppressed(contact=contact, purpose=purpose, reason="unsubscribed")


def suppression_streams(keys: Keys, address: str) -> list[UUID]:
    """Where an address's suppressions are recorded, under every live key; new ones under the first.

    None where the address names nobody. Raises `KeyringUnavailable`.
    """
    identifier = email_identifier(address)
    return keys.claim_ids("suppressed email", identifier.match_key) if identifier else []


def suppressed_at(log: EventLog, address: str, purpose: str) -> datetime | None:
    """When an address was last suppressed for a purpose (UTC). Raises `KeyringUnavailable`."""
    moments = [
        e.occurred_at
        for stream in suppression_streams(log.keys, address)
        for e in log.stream(stream)
        if isinstance(e.fact, AddressSuppressed) and e.fact.purpose == purpose
    ]
    return max(moments, default=None)


def evolve(suppression: Suppression | None, fact: SuppressionFact) -> Suppression:
    purposes = suppression.purposes if suppression else frozenset()
    return Suppression(fact.contact, purposes | {fact.purpose})


suppressions = Aggregate("suppression", SuppressionFact, evolve, about=lambda _, suppression: (suppression.contact,))
