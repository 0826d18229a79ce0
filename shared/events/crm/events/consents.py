"""What a contact allows, recorded in the contacts service with the proof of it, and the texts they were asked with."""

from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from msgspec import Meta

from crm.events.fact import Fact, Moment, Personal
from crm.events.particulars import ConsentEvidence

ConsentChannel: TypeAlias = Literal["email", "sms", "phone", "post", "messenger"]
LegalBasis: TypeAlias = Literal[
    "consent", "contract", "legitimate-interest", "legal-obligation", "vital-interest", "public-task"
]
"""Why somebody may be addressed (GDPR, article 6)."""
ConsentScope: TypeAlias = Literal["channel", "address"]
"""Whether a word counts for every address of the channel, or for one; told in clear, so that it outlives an erasure."""
Language: TypeAlias = Annotated[str, Meta(pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
"""A language tag (BCP 47), such as `de` or `pt-BR`."""


class ConsentRequested(Fact, frozen=True, tag="crm.contacts.consent-requested.v1"):
    """Somebody asked for it, and is asked by mail to `address` whether they meant it (M3). Nothing is allowed yet."""

    summary = "Asked to confirm consent to {purpose} by {channel}"
    contact: UUID
    channel: ConsentChannel
    purpose: str
    wording_version: str
    source: str
    expires_at: Moment
    scope: ConsentScope = "channel"
    language: Language | None = None
    address: Personal[str | None] = None
    evidence: Personal[ConsentEvidence | None] = None


class ConsentRequestExpired(Fact, frozen=True, tag="crm.contacts.consent-request-expired.v1"):
    """Nobody confirmed in time; what was said before still counts."""

    summary = "Consent to {purpose} by {channel} not confirmed in time"
    contact: UUID
    channel: ConsentChannel
    purpose: str


class ConsentGranted(Fact, frozen=True, tag="crm.contacts.consent-granted.v1"):
    """`address` is the one it counts for, where `scope` says so; until `expires_at`, if given."""

    summary = "Consent to {purpose} by {channel} granted"
    contact: UUID
    channel: ConsentChannel
    purpose: str
    wording_version: str
    source: str
    evidence: Personal[ConsentEvidence | None] = None
    scope: ConsentScope = "channel"
    address: Personal[str | None] = None
    legal_basis: LegalBasis = "consent"
    language: Language | None = None
    expires_at: Moment | None = None


class ConsentWithdrawn(Fact, frozen=True, tag="crm.contacts.consent-withdrawn.v1"):
    summary = "Consent to {purpose} by {channel} withdrawn"
    contact: UUID
    channel: ConsentChannel
    purpose: str
    source: str
    wording_version: str | None = None
    evidence: Personal[ConsentEvidence | None] = None
    scope: ConsentScope = "channel"
    address: Personal[str | None] = None


class ConsentExpired(Fact, frozen=True, tag="crm.contacts.consent-expired.v1"):
    """It was granted for a time, and that is over."""

    summary = "Consent to {purpose} by {channel} expired"
    contact: UUID
    channel: ConsentChannel
    purpose: str


ConsentFact: TypeAlias = ConsentRequested | ConsentRequestExpired | ConsentGranted | ConsentWithdrawn | ConsentExpired


# Objections to all of a kind: one stream per contact and kind


class CallsRefused(Fact, frozen=True, tag="crm.contacts.calls-refused.v1"):
    """Do not call: stronger than any consent to calls, until it is taken back."""

    summary = "Asked not to be called"
    contact: UUID
    source: str
    evidence: Personal[ConsentEvidence | None] = None


class CallsAccepted(Fact, frozen=True, tag="crm.contacts.calls-accepted.v1"):
    summary = "May be called again"
    contact: UUID
    source: str
    evidence: Personal[ConsentEvidence | None] = None


class ProcessingRestricted(Fact, frozen=True, tag="crm.contacts.processing-restricted.v1"):
    """Do not process (GDPR, articles 18 and 21): no marketing on any channel, whatever was agreed to."""

    summary = "Processing restricted"
    contact: UUID
    source: str
    evidence: Personal[ConsentEvidence | None] = None


class RestrictionLifted(Fact, frozen=True, tag="crm.contacts.restriction-lifted.v1"):
    summary = "Restriction of processing lifted"
    contact: UUID
    source: str
    evidence: Personal[ConsentEvidence | None] = None


ObjectionFact: TypeAlias = CallsRefused | CallsAccepted | ProcessingRestricted | RestrictionLifted


# Wordings: one stream per purpose, version and language


class ConsentWordingPublished(Fact, frozen=True, tag="crm.contacts.consent-wording-published.v1"):
    """The text that people are asked with; it never changes: another text is another version."""

    summary = "Wording {version} ({language}) for {purpose} published"
    purpose: str
    version: str
    language: Language
    text: str


WordingFact: TypeAlias = ConsentWordingPublished
