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


ClaimFact: TypeAlias = IdentifierClaimed | IdentifierReleased
