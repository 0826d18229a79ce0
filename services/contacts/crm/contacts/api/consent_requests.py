"""Double opt-in (M3): somebody asks for something, and the owner of the address is asked by mail to confirm it."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.chassis.people.fields import Email
from crm.contacts.api.consent_bodies import (
    CanRecordConsent,
    Evidence,
    LanguageTag,
    Purpose,
    Source,
    WordingVersion,
)
from crm.contacts.consent import Consent, consents
from crm.contacts.consent_addresses import stream_of
from crm.contacts.double_opt_in import confirmable_address, request
from crm.contacts.lookup import concerning, find_erased

router = Router(prefix="/contacts/{contact_id}/consents", tags=["consents"])


class RequestConsent(BaseModel, extra="forbid"):
    """`evidence` is of who asked for it. With `address` it will count for that one; else the primary one is asked."""

    channel: Literal["email"] = "email"
    purpose: Purpose
    wording_version: WordingVersion
    source: Source
    evidence: Evidence
    address: Email | None = None
    language: LanguageTag | None = None


@router.post("/request")
def post_request(
    contact_id: UUID, body: RequestConsent, log: Log, streams: Streams, agent: CanRecordConsent, expected: IfMatch
) -> Written:
    """Asks a contact by mail to confirm; nothing is allowed before they do, within seven days (M3)."""
    asked_at = datetime.now(UTC)

    def ask(consent: Consent | None) -> Any:
        command = partial(
            request,
            contact=contact_id,
            channel=body.channel,
            purpose=body.purpose,
            wording_version=body.wording_version,
            source=body.source,
            asked_at=asked_at,
            address=confirmable_address(find_erased(streams, contact_id).contact, email=body.address),
            for_address=body.address is not None,
            language=body.language,
            evidence=body.evidence.as_fact(),
        )
        return command(consent)

    stream = stream_of(streams.keys, contact_id, body.channel, body.purpose, body.address)
    return log.execute(consents, stream, concerning(streams, contact_id, expected, ask))
