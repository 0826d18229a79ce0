"""Double opt-in (M3): somebody asks for something, and the owner of the address confirms it by a link. No I/O.

The link names the request, works once, and for seven days. Looking at it changes nothing.
"""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec.structs import replace

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.people.identity import email_identifier
from crm.contacts.consent import Consent, Request, grant
from crm.contacts.contact import Contact, writable
from crm.events.consents import ConsentChannel, ConsentGranted, ConsentRequested, ConsentRequestExpired
from crm.events.particulars import ConsentEvidence

HOLDS = timedelta(days=7)
RequestState: TypeAlias = Literal["unknown", "open", "used", "over"]

_REFUSALS: dict[RequestState, str] = {
    "used": "This was confirmed before.",
    "over": "This link is over: it was not used in time, or something else was said since.",
}


def confirmable_address(contact: Contact | None, *, email: str | None) -> str:
    """The address of theirs that a request is sent to, as they wrote it: the one that is meant, or the primary one."""
    emails = writable(contact).emails
    if email is None:
        if not emails:
            raise Rejected("There is no e-mail address that could confirm this.", field="address")
        return emails[0]
    wanted = email_identifier(email)
    found = next((each for each in emails if wanted is not None and email_identifier(each) == wanted), None)
    if found is None:
        raise Rejected("This address is none of this contact's. Add it first.", field="address")
    return found


def request(
    consent: Consent | None,
    *,
    contact: UUID,
    channel: ConsentChannel,
    purpose: str,
    wording_version: str,
    source: str,
    asked_at: datetime,
    address: str,
    for_address: bool = False,
    language: str | None = None,
    evidence: ConsentEvidence | None = None,
) -> ConsentRequested | None:
    """Asks the owner of an address to confirm; nothing, if that is allowed already or they are being asked."""
    if consent is not None:
        if consent.standing == "granted" and consent.wording_version == wording_version:
            return None
        if _waits_for(consent.request, wording_version, address, asked_at):
            return None
    return ConsentRequested(
        contact=contact,
        channel=channel,
        purpose=purpose,
        wording_version=wording_version,
        source=source,
        expires_at=asked_at + HOLDS,
        scope="address" if for_address else "channel",
        language=language,
        address=address,
        evidence=replace(evidence or ConsentEvidence(), requested_at=asked_at),
    )


def _waits_for(waiting: Request | None, wording_version: str, address: str, now: datetime) -> bool:
    if waiting is None or waiting.asked.expires_at <= now:
        return False
    return (waiting.asked.wording_version, waiting.asked.address) == (wording_version, address)


def state_of(consent: Consent | None, version: int, now: datetime) -> RequestState:
    """What became of the request with this version: `open` if it can be confirmed now (UTC)."""
    if consent is None or not 0 < version <= consent.version:
        return "unknown"
    if version in consent.confirmed:
        return "used"
    waiting = consent.request
    return "open" if waiting and waiting.version == version and waiting.asked.expires_at > now else "over"


def confirm(
    consent: Consent | None, *, version: int, now: datetime, evidence: ConsentEvidence, token_hash: str
) -> ConsentGranted | None:
    """The owner of the address meant it; once. `evidence` is of who confirmed."""
    state = state_of(consent, version, now)
    if state == "unknown" or consent is None:
        raise Unknown("There is no such request.")
    if state != "open" or consent.request is None:
        raise Rejected(_REFUSALS[state])
    asked = consent.request.asked
    first = asked.evidence or ConsentEvidence()
    proof = replace(
        evidence,
        form_url=first.form_url,
        note=first.note,
        requested_at=first.requested_at,
        requested_ip=first.ip,
        confirmed_at=now,
        token_hash=token_hash,
    )
    return grant(
        consent,
        contact=asked.contact,
        channel=asked.channel,
        purpose=asked.purpose,
        wording_version=asked.wording_version,
        source=asked.source,
        evidence=proof,
        address=asked.address if asked.scope == "address" else None,
        language=asked.language,
        anew=True,
    )


def expire_request(consent: Consent | None, *, due_at: datetime) -> ConsentRequestExpired | None:
    """Nobody confirmed in time; unless that was answered or asked anew meanwhile."""
    if consent is None or consent.request is None or consent.request.asked.expires_at != due_at:
        return None
    return ConsentRequestExpired(contact=consent.contact, channel=consent.channel, purpose=consent.purpose)
