"""Objections: do not call, do not process. They outweigh every consent until they are taken back."""

from collections.abc import Callable
from functools import partial
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.chassis.people.fields import Moment
from crm.chassis.people.verdict import Objection
from crm.contacts.api.consent_bodies import CanRecordConsent, Evidence, Source
from crm.contacts.lookup import concerning
from crm.contacts.objection import lift_objection, objection_stream, objections, raise_objection

router = Router(prefix="/contacts/{contact_id}/objections", tags=["consents"])


class AnObjection(BaseModel, extra="forbid"):
    """`do_not_call` closes the telephone, `do_not_process` all marketing; `source` is where they said so."""

    objection: Objection
    source: Source
    evidence: Evidence
    occurred_at: Moment | None = None


@router.post("")
def post_objection(
    contact_id: UUID, body: AnObjection, log: Log, streams: Streams, agent: CanRecordConsent, expected: IfMatch
) -> Written:
    """Records that a contact must not be called, or their data not be processed. `If-Match` is the contact's."""
    return _record(raise_objection, contact_id, body, log, streams, expected)


@router.post("/lift")
def post_lifting(
    contact_id: UUID, body: AnObjection, log: Log, streams: Streams, agent: CanRecordConsent, expected: IfMatch
) -> Written:
    """Records that an objection was taken back; consents count again. `If-Match` is the contact's version."""
    return _record(lift_objection, contact_id, body, log, streams, expected)


def _record(
    rule: Callable[..., object], contact_id: UUID, body: AnObjection, log: Log, streams: Streams, expected: int | None
) -> Written:
    evidence = body.evidence.as_fact()
    command = partial(rule, contact=contact_id, objection=body.objection, source=body.source, evidence=evidence)
    checked = concerning(streams, contact_id, expected, command)
    stream = objection_stream(contact_id, body.objection)
    return log.execute(objections, stream, checked, occurred_at=body.occurred_at)
