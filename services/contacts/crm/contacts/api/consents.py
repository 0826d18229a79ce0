"""Consents: what a contact allows, per channel and purpose, with evidence."""

from functools import partial
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from crm.chassis.http import IfMatch, Log, ReadModel, Router, Streams, Written, reads
from crm.chassis.people.fields import Moment
from crm.contacts.api.bodies import ERASED, CanEditContacts, CanReadContacts
from crm.contacts.consent import consent_stream, consents, grant, withdraw
from crm.contacts.lookup import concerning, find
from crm.contacts.views import permissions
from crm.events.consents import ConsentChannel
from crm.events.particulars import ConsentEvidence

router = Router(prefix="/contacts/{contact_id}/consents", tags=["consents"])

Purpose = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
"""What somebody may be addressed for, such as `marketing`."""
_Source = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{1,100}$")]


class Evidence(BaseModel, extra="forbid"):
    """How it can be shown."""

    ip: str | None = Field(None, max_length=45)
    user_agent: str | None = Field(None, max_length=500)
    form_url: str | None = Field(None, max_length=1_000)
    note: str | None = Field(None, max_length=2_000)

    def as_fact(self) -> ConsentEvidence:
        return ConsentEvidence(**self.model_dump())


class GrantConsent(BaseModel, extra="forbid"):
    """`wording_version` names the text that was agreed to, `source` where."""

    channel: ConsentChannel
    purpose: Purpose
    wording_version: str = Field(min_length=1, max_length=100)
    source: _Source
    evidence: Evidence
    occurred_at: Moment | None = None


class WithdrawConsent(BaseModel, extra="forbid"):
    channel: ConsentChannel
    purpose: Purpose
    source: _Source
    evidence: Evidence | None = None
    occurred_at: Moment | None = None


class ConsentAnswer(BaseModel):
    """The last word on one channel and purpose, said at `since` (UTC)."""

    contact_id: UUID
    channel: str
    purpose: str
    granted: bool
    since: AwareDatetime


@router.post("")
def post_consent(
    contact_id: UUID, body: GrantConsent, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records that a contact agreed. `If-Match` is the contact's version."""
    command = partial(
        grant,
        contact=contact_id,
        channel=body.channel,
        purpose=body.purpose,
        wording_version=body.wording_version,
        source=body.source,
        evidence=body.evidence.as_fact(),
    )
    stream = consent_stream(contact_id, body.channel, body.purpose)
    checked = concerning(streams, contact_id, expected, command)
    return log.execute(consents, stream, checked, occurred_at=body.occurred_at)


@router.post("/withdraw")
def post_withdrawal(
    contact_id: UUID, body: WithdrawConsent, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records that a contact does not agree, or no longer. `If-Match` is the contact's version."""
    command = partial(
        withdraw,
        contact=contact_id,
        channel=body.channel,
        purpose=body.purpose,
        source=body.source,
        evidence=body.evidence.as_fact() if body.evidence else None,
    )
    stream = consent_stream(contact_id, body.channel, body.purpose)
    checked = concerning(streams, contact_id, expected, command)
    return log.execute(consents, stream, checked, occurred_at=body.occurred_at)


@router.get("", dependencies=[reads(permissions)], responses=ERASED)
def get_consents(contact_id: UUID, db: ReadModel, streams: Streams, agent: CanReadContacts) -> list[ConsentAnswer]:
    """What a contact said last, per channel and purpose, under all of its ids."""
    found = find(streams, contact_id)
    ids = [found.contact_id, *found.contact.aliases]
    order = ("channel", "purpose", "since")
    return [
        ConsentAnswer(
            contact_id=each.contact_id,
            channel=each.channel,
            purpose=each.purpose,
            granted=each.granted,
            since=each.since,
        )
        for each in permissions.select(db, "contact_id = ANY(%s)", (ids,), order_by=order)
    ]
