"""Requests of people about their own data: received, checked, worked on, answered."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID, uuid4

from fastapi import Query
from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.auth import Agent, allowed
from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Versioned,
    Written,
    reads,
)
from crm.chassis.people.fields import Moment
from crm.contacts.api.within import Mine, Within
from crm.contacts.erasure_list import erasure_list
from crm.contacts.erasures import unfinished
from crm.contacts.lookup import concerning
from crm.contacts.request_list import Filter, RequestRow, find, request_list
from crm.contacts.subject_request import (
    RequestState,
    SubjectRequest,
    complete,
    extend,
    receive,
    refuse,
    start,
    subject_requests,
    verify,
)
from crm.contacts.views import aliases
from crm.events.requests import AnsweredBy, IdentityMethod, RequestKind, WhyRefused

router = Router(prefix="/requests", tags=["rights"])

CanAnswerPeople: TypeAlias = Annotated[Agent, allowed("contacts:privacy", Within)]

_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]


class ReceiveRequest(BaseModel, extra="forbid"):
    """`received_at` is when it reached you, now if left out: the 30 days count from there."""

    contact_id: UUID
    kind: RequestKind
    received_at: Moment | None = None
    note: _Text | None = None


class VerifyIdentity(BaseModel, extra="forbid"):
    """`checked_by` is the actor who looked; you, if left out."""

    method: IdentityMethod
    checked_by: str | None = Field(None, pattern=r"^(user|service):[!-~]{1,200}$")
    note: _Text | None = None


class ExtendRequest(BaseModel, extra="forbid"):
    """The person is told the reason."""

    reason: _Text


class CompleteRequest(BaseModel, extra="forbid"):
    answered_by: AnsweredBy | None = None


class RefuseRequest(BaseModel, extra="forbid"):
    reason: WhyRefused
    explanation: _Text | None = None


class RequestAnswer(BaseModel):
    """A request. Times are UTC; what was written about the person is null once they are erased."""

    id: UUID
    contact_id: UUID
    kind: RequestKind
    state: RequestState
    due_at: datetime
    overdue: bool
    note: str | None
    identity_method: IdentityMethod | None
    checked_by: str | None
    extension_reason: str | None
    answered_by: AnsweredBy | None
    refusal: WhyRefused | None
    explanation: str | None

    @classmethod
    def of(cls, request_id: UUID, request: SubjectRequest) -> "RequestAnswer":
        return cls(
            id=request_id,
            contact_id=request.contact,
            kind=request.kind,
            state=request.state,
            due_at=request.due_at,
            overdue=request.overdue,
            note=request.note,
            identity_method=request.method,
            checked_by=request.checked_by,
            extension_reason=request.extension,
            answered_by=request.answered_by,
            refusal=request.refusal,
            explanation=request.explanation,
        )


@router.post("")
def post_request(body: ReceiveRequest, log: Log, streams: Streams, agent: CanAnswerPeople) -> Created:
    """Takes a request in. It is due 30 days after; timers remind a week before and tell if it is late."""
    received_at = body.received_at or datetime.now(UTC)
    command = partial(receive, contact=body.contact_id, kind=body.kind, received_at=received_at, note=body.note)
    checked = concerning(streams, body.contact_id, None, command)
    written = log.execute(subject_requests, uuid4(), checked, occurred_at=body.received_at)
    return Created(written, "/requests/{id}")


@router.get("", dependencies=[reads(request_list)])
def get_requests(
    page: PageQuery,
    db: ReadModel,
    agent: CanAnswerPeople,
    mine: Mine,
    state: Annotated[RequestState | None, Query()] = None,
    kind: Annotated[RequestKind | None, Query()] = None,
    due_before: Annotated[Moment | None, Query(description="Due before this moment.")] = None,
    contact_id: Annotated[UUID | None, Query(description="Of this person, under any of their ids.")] = None,
) -> Page[RequestRow]:
    """The requests that match, what is due first."""
    ids = aliases.ids_of(db, contact_id) if contact_id else None
    return find(db, Filter(state, kind, due_before, ids, mine), page)


@router.get("/{request_id}")
def get_request(request_id: UUID, streams: Streams, agent: CanAnswerPeople) -> Versioned[RequestAnswer]:
    """A request. Never stale."""
    found = streams.get(subject_requests, request_id)
    return Versioned(RequestAnswer.of(request_id, found.state), found.version, found.token)


@router.post("/{request_id}/verify")
def post_verification(
    request_id: UUID, body: VerifyIdentity, log: Log, agent: CanAnswerPeople, expected: IfMatch
) -> Written:
    """Records that who asks is the person. Nothing but a refusal is possible before."""
    command = partial(verify, method=body.method, checked_by=body.checked_by or agent.actor, note=body.note)
    return log.execute(subject_requests, request_id, command, expected)


@router.post("/{request_id}/start")
def post_start(request_id: UUID, log: Log, agent: CanAnswerPeople, expected: IfMatch) -> Written:
    """Begins to work on it; from here on its package can be fetched."""
    return log.execute(subject_requests, request_id, start, expected)


@router.post("/{request_id}/extend")
def post_extension(
    request_id: UUID, body: ExtendRequest, log: Log, agent: CanAnswerPeople, expected: IfMatch
) -> Written:
    """Takes 60 days more, once, within the first 30."""
    command = partial(extend, reason=body.reason, now=datetime.now(UTC))
    return log.execute(subject_requests, request_id, command, expected)


@router.post("/{request_id}/complete", dependencies=[reads(erasure_list)])
def post_completion(
    request_id: UUID,
    body: CompleteRequest,
    log: Log,
    streams: Streams,
    db: ReadModel,
    agent: CanAnswerPeople,
    expected: IfMatch,
) -> Written:
    """It was done. An erasure is done once every service has forgotten the person."""
    request = streams.get(subject_requests, request_id).state
    left = unfinished(streams, db, request.contact) if request.kind == "erasure" else None
    command = partial(complete, answered_by=body.answered_by, unfinished=left)
    return log.execute(subject_requests, request_id, command, expected)


@router.post("/{request_id}/refuse")
def post_refusal(request_id: UUID, body: RefuseRequest, log: Log, agent: CanAnswerPeople, expected: IfMatch) -> Written:
    """It is not done, and the person is told why."""
    command = partial(refuse, reason=body.reason, explanation=body.explanation)
    return log.execute(subject_requests, request_id, command, expected)
