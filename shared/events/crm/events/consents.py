"""What a contact allows, recorded in the contacts service with the proof of it."""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal
from crm.events.particulars import ConsentEvidence

ConsentChannel: TypeAlias = Literal["email", "sms", "phone", "post", "messenger"]


class ConsentGranted(Fact, frozen=True, tag="crm.contacts.consent-granted.v1"):
    summary = "Consent to {purpose} by {channel} granted"
    contact: UUID
    channel: ConsentChannel
    purpose: str
    wording_version: str
    source: str
    evidence: Personal[ConsentEvidence | None] = None


class ConsentWithdrawn(Fact, frozen=True, tag="crm.contacts.consent-withdrawn.v1"):
    summary = "Consent to {purpose} by {channel} withdrawn"
    contact: UUID
    channel: ConsentChannel
    purpose: str
    source: str
    wording_version: str | None = None
    evidence: Personal[ConsentEvidence | None] = None


ConsentFact: TypeAlias = ConsentGranted | ConsentWithdrawn
