"""Consent: what a contact allows on one channel for one purpose, with the proof of it."""

from typing import assert_never
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate
from crm.events.consents import ConsentChannel, ConsentFact, ConsentGranted, ConsentWithdrawn
from crm.events.particulars import ConsentEvidence

_STREAMS = UUID("5a1a1a4c-0a6f-4f0e-9a57-0f3c6f1f7c02")


class Consent(Struct, frozen=True):
    contact: UUID
    granted: bool
    wording_version: str | None


def consent_stream(contact: UUID, channel: ConsentChannel, purpose: str) -> UUID:
    """Where a contact's consent on a channel for a purpose is recorded."""
    return uuid5(_STREAMS, f"{contact}/{channel}/{purpose}")


def grant(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    wording_version: str,
    source: str,
    evidence: ConsentEvidence | None = None,
) -> ConsentGranted | None:
    """Records that the contact agreed to a wording. Agreeing to the same wording again changes nothing."""
    if consent is not None and consent.granted and consent.wording_version == wording_version:
        return None
    return ConsentGranted(
        contact=contact,
        channel=channel,
        purpose=purpose,
        wording_version=wording_version,
        source=source,
        evidence=evidence,
    )


def withdraw(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    source: str,
    evidence: ConsentEvidence | None = None,
) -> ConsentWithdrawn | None:
    """Records that the contact does not agree, or no longer; also if they were never asked."""
    if consent is not None and not consent.granted:
        return None
    return ConsentWithdrawn(
        contact=contact,
        channel=channel,
        purpose=purpose,
        source=source,
        wording_version=consent.wording_version if consent else None,
        evidence=evidence,
    )


def evolve(consent: Consent | None, fact: ConsentFact) -> Consent:
    match fact:
        case ConsentGranted(contact=contact, wording_version=wording_version):
            return Consent(contact, True, wording_version)
        case ConsentWithdrawn(contact=contact):
            return Consent(contact, False, consent.wording_version if consent else None)
        case _:
            assert_never(fact)


consents = Aggregate("consent", ConsentFact, evolve, about=lambda _, consent: (consent.contact,))
