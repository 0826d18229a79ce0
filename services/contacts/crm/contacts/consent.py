"""Consent: what a contact allows on one channel for one purpose, perhaps for one address, with the proof of it. No I/O.

Unknown -> Granted -> Withdrawn | Expired -> Granted again. A request to confirm waits beside that (`double_opt_in`).
"""

from datetime import datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate
from crm.events.consents import (
    ConsentChannel,
    ConsentExpired,
    ConsentFact,
    ConsentGranted,
    ConsentRequested,
    ConsentRequestExpired,
    ConsentWithdrawn,
    LegalBasis,
)
from crm.events.particulars import ConsentEvidence

_STREAMS = UUID("5a1a1a4c-0a6f-4f0e-9a57-0f3c6f1f7c02")

CONSENT_EXPIRY, REQUEST_EXPIRY = "consent-expiry", "consent-request-expiry"

Standing: TypeAlias = Literal["unknown", "granted", "withdrawn", "expired"]


class Request(Struct, frozen=True):
    """A request that waits to be confirmed; `version` is the one of its fact."""

    version: int
    asked: ConsentRequested


class Consent(Struct, frozen=True):
    """`address` is None where it counts for the whole channel, and once the contact is erased. Times are UTC."""

    contact: UUID
    channel: ConsentChannel
    purpose: str
    standing: Standing = "unknown"
    wording_version: str | None = None
    language: str | None = None
    address: str | None = None
    legal_basis: LegalBasis = "consent"
    expires_at: datetime | None = None
    request: Request | None = None
    confirmed: frozenset[int] = frozenset()
    """The versions of requests that were confirmed: none is confirmed twice."""
    version: int = 0


def consent_stream(contact: UUID, channel: ConsentChannel, purpose: str, hashed_address: str | None = None) -> UUID:
    """Where a contact's consent on a channel for a purpose is recorded; for one address by a keyed hash of it."""
    named = f"{contact}/{channel}/{purpose}"
    return uuid5(_STREAMS, f"{named}/{hashed_address}" if hashed_address else named)


def grant(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    wording_version: str,
    source: str,
    evidence: ConsentEvidence | None = None,
    address: str | None = None,
    legal_basis: LegalBasis = "consent",
    language: str | None = None,
    expires_at: datetime | None = None,
    anew: bool = False,
) -> ConsentGranted | None:
    """Records that the contact agreed to a wording. Agreeing to the same wording again changes nothing.

    `anew`: it does, because they have withdrawn it since by a word that is recorded elsewhere.
    """
    fact = ConsentGranted(
        contact=contact,
        channel=channel,
        purpose=purpose,
        wording_version=wording_version,
        source=source,
        evidence=evidence,
        scope="address" if address else "channel",
        address=address,
        legal_basis=legal_basis,
        language=language,
        expires_at=expires_at,
    )
    return None if consent is not None and not anew and _says_so_already(consent, fact) else fact


def _says_so_already(consent: Consent, fact: ConsentGranted) -> bool:
    stands = (consent.wording_version, consent.legal_basis, consent.expires_at)
    asked = (fact.wording_version, fact.legal_basis, fact.expires_at)
    return consent.standing == "granted" and stands == asked and fact.language in (None, consent.language)


def withdraw(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    source: str,
    evidence: ConsentEvidence | None = None,
    address: str | None = None,
    anew: bool = False,
) -> ConsentWithdrawn | None:
    """Records that the contact does not agree, or no longer; also if they were never asked.

    `anew`: also if this was the last word here, because they have agreed since by a word that is recorded elsewhere.
    """
    if consent is not None and not anew and consent.standing == "withdrawn" and consent.request is None:
        return None
    return ConsentWithdrawn(
        contact=contact,
        channel=channel,
        purpose=purpose,
        source=source,
        wording_version=consent.wording_version if consent else None,
        evidence=evidence,
        scope="address" if address else "channel",
        address=address,
    )


def expire(consent: Consent | None, *, due_at: datetime) -> ConsentExpired | None:
    """What was granted for a time is over; unless that was moved or taken back meanwhile."""
    if consent is None or consent.standing != "granted" or consent.expires_at != due_at:
        return None
    return ConsentExpired(contact=consent.contact, channel=consent.channel, purpose=consent.purpose)


def evolve(consent: Consent | None, fact: ConsentFact) -> Consent:
    known = consent or Consent(fact.contact, fact.channel, fact.purpose)
    match fact:
        case ConsentRequested():
            known = replace(known, request=Request(known.version + 1, fact))
        case ConsentRequestExpired():
            known = replace(known, request=None)
        case ConsentGranted():
            known = _granted(known, fact)
        case ConsentWithdrawn(address=address):
            known = replace(known, standing="withdrawn", address=address, expires_at=None, request=None)
        case ConsentExpired():
            known = replace(known, standing="expired", expires_at=None)
        case _:
            assert_never(fact)
    return replace(known, version=known.version + 1)


def _granted(consent: Consent, fact: ConsentGranted) -> Consent:
    """A grant answers the request that waits, if any: by its link, or by what was said elsewhere."""
    answered = {consent.request.version} if consent.request else set()
    return replace(
        consent,
        standing="granted",
        wording_version=fact.wording_version,
        language=fact.language,
        address=fact.address,
        legal_basis=fact.legal_basis,
        expires_at=fact.expires_at,
        request=None,
        confirmed=consent.confirmed | answered,
    )


def _timers(consent: Consent) -> dict[str, datetime]:
    timers = {}
    if consent.standing == "granted" and consent.expires_at is not None:
        timers[CONSENT_EXPIRY] = consent.expires_at
    if consent.request is not None:
        timers[REQUEST_EXPIRY] = consent.request.asked.expires_at
    return timers


consents = Aggregate("consent", ConsentFact, evolve, about=lambda _, consent: (consent.contact,), timers=_timers)
