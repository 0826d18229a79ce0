"""Requests of people about their own data: to see, correct, restrict, carry away or erase it, or to object (C13)."""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Moment, Personal

RequestKind: TypeAlias = Literal["access", "rectify", "restrict", "object", "portability", "erasure"]
IdentityMethod: TypeAlias = Literal["id-document", "known-channel", "call-back", "signed-in", "in-person", "other"]
AnsweredBy: TypeAlias = Literal["email", "post", "in-person", "download", "phone"]
WhyRefused: TypeAlias = Literal[
    "identity-not-proven", "unfounded", "excessive", "legal-obligation", "withdrawn", "other"
]


class SubjectRequestReceived(Fact, frozen=True, tag="crm.contacts.subject-request-received.v1"):
    """Somebody asks for what the law gives them. It is to be answered by `due_at`, 30 days after it was received."""

    summary = "Request received: {kind}, due at {due_at}"
    contact: UUID
    kind: RequestKind
    due_at: Moment
    remind_at: Moment
    note: Personal[str | None] = None


class SubjectIdentityVerified(Fact, frozen=True, tag="crm.contacts.subject-identity-verified.v1"):
    """Who asks is who they say; `checked_by` looked, and is an actor such as `user:ada`."""

    summary = "Identity verified by {method}"
    method: IdentityMethod
    checked_by: str
    note: Personal[str | None] = None


class SubjectRequestStarted(Fact, frozen=True, tag="crm.contacts.subject-request-started.v1"):
    summary = "Work on the request began"


class SubjectRequestExtended(Fact, frozen=True, tag="crm.contacts.subject-request-extended.v1"):
    """It takes longer, and the person is told why. Once per request."""

    summary = "Request extended to {due_at}: {reason}"
    due_at: Moment
    remind_at: Moment
    reason: Personal[str]


class SubjectRequestReminded(Fact, frozen=True, tag="crm.contacts.subject-request-reminded.v1"):
    """Time is short. By a timer."""

    summary = "Request is due soon, at {due_at}"
    due_at: Moment


class SubjectRequestOverdue(Fact, frozen=True, tag="crm.contacts.subject-request-overdue.v1"):
    """The day has passed without an answer. By a timer."""

    summary = "Request was due at {due_at} and is not answered"
    due_at: Moment


class SubjectRequestCompleted(Fact, frozen=True, tag="crm.contacts.subject-request-completed.v1"):
    """It was done. Nothing here is personal: after an erasure nothing personal can be recorded."""

    summary = "Request completed, answered by {answered_by}"
    answered_by: AnsweredBy | None = None


class SubjectRefusalExplained(Fact, frozen=True, tag="crm.contacts.subject-refusal-explained.v1"):
    """What the person is told about a refusal; apart from it, for a refusal is possible after an erasure as well."""

    summary = "Refusal explained: {explanation}"
    explanation: Personal[str]


class SubjectRequestRefused(Fact, frozen=True, tag="crm.contacts.subject-request-refused.v1"):
    summary = "Request refused ({reason})"
    reason: WhyRefused


class ContactReturned(Fact, frozen=True, tag="crm.contacts.contact-returned.v1"):
    """Somebody who was erased came back of their own will, as can be shown: what names them may be used again."""

    summary = "Came back of their own will: {evidence}"
    evidence: Personal[str]


SubjectRequestFact: TypeAlias = (
    SubjectRequestReceived
    | SubjectIdentityVerified
    | SubjectRequestStarted
    | SubjectRequestExtended
    | SubjectRequestReminded
    | SubjectRequestOverdue
    | SubjectRequestCompleted
    | SubjectRefusalExplained
    | SubjectRequestRefused
)
