"""What campaigns knows of people: its own copy of contacts and of what they allow; empty while contacts is away."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from crm.campaigns.eligibility import Standing
from crm.campaigns.suppression import suppressed_at
from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.people.aliases import Aliases
from crm.chassis.people.known import KnownContact, KnownContacts
from crm.chassis.people.permissions import Permission, Permissions, verdict_of
from crm.chassis.people.persons import as_persons
from crm.chassis.projection import Db, consistency

CHANNEL = "email"

aliases = Aliases()
known_contacts = KnownContacts()
permissions = Permissions()

COPIES = (aliases, known_contacts, permissions)
"""The views that make up the copy."""

_NEVER = 2**62
"""A version that no stream reaches: asked for it, a view tells whether the stream is held up."""


class Recipient(NamedTuple):
    """A person as known here, if at all, and what that means for mails to one address."""

    contact: KnownContact | None
    standing: Standing


def look_up(db: Database, log: EventLog, contact: UUID, address: str | None, purpose: str) -> Recipient:
    """What is known now of a person, by any of their ids (C8), and of mails to this address (C7).

    Raises `KeyringUnavailable`.
    """
    ids = aliases.ids_of(db, contact)
    known = known_contacts.get(db, ids[0])
    if known is None or known.erased:
        return Recipient(known, Standing(known=known is not None, erased=known is not None))
    (known,) = persons(db, [known])
    said = permissions.said(db, ids, CHANNEL, purpose)
    joined_at = aliases.joined_at(db, ids)
    verdict = verdict_of(said, ids, CHANNEL, purpose, address, joined_at=joined_at)
    standing = Standing(
        addresses=known.emails,
        suppressed_at=suppressed_at(log, address, purpose) if address else None,
        consented_at=verdict.since if verdict.allows else None,
        held_up=_held_up(db, said),
    )
    return Recipient(known, standing)


def persons(db: Db, rows: Sequence[KnownContact]) -> list[KnownContact]:
    """Rows of canonical contacts with what is known of them under all ids (C8)."""
    return as_persons(db, known_contacts, aliases, rows)


def other_ids(db: Db, contact: UUID) -> list[UUID]:
    """The other ids of the same person."""
    return [each for each in aliases.ids_of(db, contact) if each != contact]


def _held_up(db: Database, said: list[Permission]) -> bool:
    """Whether a later word on one of these consents has arrived and could not be taken in: it may be a withdrawal."""
    if not said:
        return False
    with db.connection() as connection:
        asked = [("contacts", each.consent, _NEVER) for each in said]
        return consistency.state(connection, permissions.name, asked) == "parked"
