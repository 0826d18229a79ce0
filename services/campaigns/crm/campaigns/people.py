"""What campaigns knows of people: its own copy of contacts and of what they allow; empty while contacts is away."""

from uuid import UUID

from crm.campaigns.eligibility import Standing
from crm.campaigns.suppression import suppressed_at
from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.people.aliases import Aliases
from crm.chassis.people.known import KnownContacts
from crm.chassis.people.permissions import Permission, Permissions
from crm.chassis.projection import consistency

CHANNEL = "email"

aliases = Aliases()
known_contacts = KnownContacts()
permissions = Permissions()

COPIES = (aliases, known_contacts, permissions)
"""The views that make up the copy."""

_NEVER = 2**62
"""A version that no stream reaches: asked for it, a view tells whether the stream is held up."""


def standing(db: Database, log: EventLog, contact: UUID, address: str | None, purpose: str) -> Standing:
    """What is known now of a person, by any of their ids (C8), and of mails to this address.

    Raises `KeyringUnavailable`.
    """
    ids = aliases.ids_of(db, contact)
    known = known_contacts.get(db, ids[0])
    if known is None or known.erased:
        return Standing(known)
    where = "contact_id = ANY(%s) AND channel = %s AND purpose = %s"
    said = permissions.select(db, where, (list(ids), CHANNEL, purpose))
    agreed = bool(said) and all(each.granted for each in said)
    return Standing(
        known,
        suppressed_at=suppressed_at(log, address, purpose) if address else None,
        consented_at=max(each.since for each in said) if agreed else None,
        held_up=_held_up(db, said),
    )


def _held_up(db: Database, said: list[Permission]) -> bool:
    """Whether a later word on one of these consents has arrived and could not be taken in: it may be a withdrawal."""
    if not said:
        return False
    with db.connection() as connection:
        asked = [("contacts", each.consent, _NEVER) for each in said]
        return consistency.state(connection, permissions.name, asked) == "parked"
