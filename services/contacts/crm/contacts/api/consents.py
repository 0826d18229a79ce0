"""Consents: what a contact allows, per channel, purpose and perhaps address, with evidence."""

from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from crm.chassis.http import IfMatch, Log, Page, PageQuery, ReadModel, Router, Streams, Written, reads
from crm.chassis.people.fields import Moment
from crm.chassis.people.permissions import Permission
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import ERASED, CanReadContacts, Deployment
from crm.contacts.api.consent_bodies import (
    Address,
    CanRecordConsent,
    Evidence,
    LanguageTag,
    LegalBasis,
    Purpose,
    Source,
    WordingVersion,
)
from crm.contacts.consent import consents, grant, withdraw
from crm.contacts.consent_addresses import as_recorded, counting, stream_of
from crm.contacts.consent_matrix import Matrix, known_then, matrix, said_by
from crm.contacts.lookup import concerning, find, joined_at
from crm.contacts.views import permissions
from crm.contacts.wording_list import wording_list
from crm.events.consents import ConsentChannel

router = Router(prefix="/contacts/{contact_id}/consents", tags=["consents"])


class GrantConsent(BaseModel, extra="forbid"):
    """`wording_version` names the text that was agreed to, `source` where. Without `address` it counts for all."""

    channel: ConsentChannel
    purpose: Purpose
    wording_version: WordingVersion
    source: Source
    evidence: Evidence
    address: Address | None = None
    legal_basis: LegalBasis = "consent"
    language: LanguageTag | None = None
    expires_at: Moment | None = None
    occurred_at: Moment | None = None


class WithdrawConsent(BaseModel, extra="forbid"):
    """Without `address` it counts for all of them."""

    channel: ConsentChannel
    purpose: Purpose
    source: Source
    evidence: Evidence | None = None
    address: Address | None = None
    occurred_at: Moment | None = None


class ConsentAnswer(BaseModel):
    """The last word on one channel and purpose, perhaps for one address, said at `since`. Times are UTC.

    `standing` tells more than `granted`; `pending_until` is when a request to confirm runs out.
    """

    contact_id: UUID
    channel: str
    purpose: str
    granted: bool
    since: AwareDatetime
    consent: UUID
    standing: str
    address: str | None = None
    legal_basis: str
    wording_version: str | None = None
    language: str | None = None
    expires_at: AwareDatetime | None = None
    pending_until: AwareDatetime | None = None

    @classmethod
    def of(cls, said: Permission) -> "ConsentAnswer":
        return cls(**{name: value for name, value in vars(said).items() if name in cls.model_fields})


@router.post("")
def post_consent(
    contact_id: UUID,
    body: GrantConsent,
    log: Log,
    streams: Streams,
    agent: CanRecordConsent,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Records that a contact agreed. `If-Match` is the contact's version."""
    address = as_recorded(body.channel, body.address, deployment.region)
    counts = counting(streams, contact_id, body.channel, body.purpose, address)
    command = partial(
        grant,
        contact=contact_id,
        channel=body.channel,
        purpose=body.purpose,
        wording_version=body.wording_version,
        source=body.source,
        evidence=body.evidence.as_fact(),
        address=address,
        legal_basis=body.legal_basis,
        language=body.language,
        expires_at=body.expires_at,
        anew=not counts.allows(address),
    )
    stream = stream_of(streams.keys, contact_id, body.channel, body.purpose, address)
    checked = concerning(streams, contact_id, expected, command)
    return log.execute(consents, stream, checked, occurred_at=body.occurred_at)


@router.post("/withdraw")
def post_withdrawal(
    contact_id: UUID,
    body: WithdrawConsent,
    log: Log,
    streams: Streams,
    agent: CanRecordConsent,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Records that a contact does not agree, or no longer. `If-Match` is the contact's version."""
    address = as_recorded(body.channel, body.address, deployment.region)
    counts = counting(streams, contact_id, body.channel, body.purpose, address)
    command = partial(
        withdraw,
        contact=contact_id,
        channel=body.channel,
        purpose=body.purpose,
        source=body.source,
        evidence=body.evidence.as_fact() if body.evidence else None,
        address=address,
        anew=counts.allows_any(address),
    )
    stream = stream_of(streams.keys, contact_id, body.channel, body.purpose, address)
    checked = concerning(streams, contact_id, expected, command)
    return log.execute(consents, stream, checked, occurred_at=body.occurred_at)


@router.get("", dependencies=[reads(permissions)], responses=ERASED)
def get_consents(
    contact_id: UUID, page: PageQuery, db: ReadModel, streams: Streams, agent: CanReadContacts
) -> Page[ConsentAnswer]:
    """What a contact said last, per channel, purpose and address, under all of its ids."""
    found = find(streams, contact_id)
    ids = [found.contact_id, *found.contact.aliases]
    where, order = "contact_id = ANY(%s) AND objection IS NULL", ("channel", "purpose", "since")
    said = permissions.page(db, where, (ids,), order_by=order, page=page)
    return Page(tuple(map(ConsentAnswer.of, said.items)), said.next)


@router.get("/matrix", dependencies=[reads(permissions, wording_list)], responses=ERASED)
def get_matrix(
    contact_id: UUID,
    db: ReadModel,
    streams: Streams,
    agent: CanReadContacts,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Matrix:
    """What counts for every purpose and channel, and why, under all ids of the person, now or at a past moment."""
    found = find(streams, contact_id, as_of=as_of, as_known_at=as_known_at)
    ids = (found.contact_id, *sorted(found.contact.aliases))
    facts = known_then(said_by(streams, db, ids), as_of, as_known_at)
    at = as_of or as_known_at or datetime.now(UTC)
    published = wording_list.select(db, "published_at <= %s", (at,))
    joined = joined_at(streams, ids[1:], as_of=as_of, as_known_at=as_known_at)
    return matrix(facts, ids, {each.purpose for each in published}, at, joined)
