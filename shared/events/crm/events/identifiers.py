"""Who holds which identifier: tiny streams of the contacts service whose ids are keyed hashes; nothing personal."""

from typing import TypeAlias
from uuid import UUID

from crm.events.fact import Fact


class IdentifierClaimed(Fact, frozen=True, tag="crm.contacts.identifier-claimed.v1"):
    summary = "{kind} claimed by {holder}"
    kind: str
    holder: UUID


class IdentifierReleased(Fact, frozen=True, tag="crm.contacts.identifier-released.v1"):
    summary = "{kind} released by {holder}"
    kind: str
    holder: UUID


class IdentifierTombstoned(Fact, frozen=True, tag="crm.contacts.identifier-tombstoned.v1"):
    """Whoever held it was erased on request: it is claimed again only for somebody who came back themselves (C13)."""

    summary = "{kind} of erased contact {holder} is remembered as erased"
    kind: str
    holder: UUID


ClaimFact: TypeAlias = IdentifierClaimed | IdentifierReleased | IdentifierTombstoned
