"""A request of a person about their own data (C13): received, verified, worked on, answered in time. No I/O."""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.requests import (
    AnsweredBy,
    IdentityMethod,
    RequestKind,
    SubjectIdentityVerified,
    SubjectRefusalExplained,
    SubjectRequestCompleted,
    SubjectRequestExtended,
    SubjectRequestFact,
    SubjectRequestOverdue,
    SubjectRequestReceived,
    SubjectRequestRefused,
    SubjectRequestReminded,
    SubjectRequestStarted,
    WhyRefused,
)

TERM = timedelta(days=30)
"""By when a request is answered, from its receipt (GDPR, article 12(3))."""
EXTENSION = timedelta(days=60)
WARNING = timedelta(days=7)
"""How long before that whoever works on it is reminded."""
REMINDER, OVERDUE = "request-reminder", "request-overdue"

RequestState: TypeAlias = Literal["received", "identity-verified", "in-progress", "completed", "refused"]


class SubjectRequest(Struct, frozen=True):
    contact: UUID
    kind: RequestKind
    state: RequestState
    received_until: datetime
    """When the first 30 days are over."""
    due_at: datetime
    remind_at: datetime
    note: str | None = None
    method: IdentityMethod | None = None
    checked_by: str | None = None
    extension: str | None = None
    """Why it takes longer, if it does."""
    reminded: bool = False
    overdue: bool = False
    answered_by: AnsweredBy | None = None
    refusal: WhyRefused | None = None
    explanation: str | None = None

    @property
    def is_open(self) -> bool:
        return self.state not in ("completed", "refused")

    @property
    def extended(self) -> bool:
        return self.due_at != self.received_until


def receive(
    request: SubjectRequest | None, *, contact: UUID, kind: RequestKind, received_at: datetime, note: str | None = None
) -> SubjectRequestReceived:
    """Somebody asks; the 30 days begin when it was received (UTC), whenever it is written down."""
    if request is not None:
        raise Rejected("This request was received already.")
    due_at = received_at + TERM
    return SubjectRequestReceived(contact=contact, kind=kind, due_at=due_at, remind_at=due_at - WARNING, note=note)


def existing(request: SubjectRequest | None) -> SubjectRequest:
    """The request. Raises `Unknown`."""
    if request is None:
        raise Unknown("There is no such request.")
    return request


def _open(request: SubjectRequest | None) -> SubjectRequest:
    request = existing(request)
    if not request.is_open:
        raise Rejected(f"This request is {request.state}; nothing more is done about it.")
    return request


def verify(
    request: SubjectRequest | None, *, method: IdentityMethod, checked_by: str, note: str | None = None
) -> SubjectIdentityVerified | None:
    """Records that who asks is the person, how that was checked, and by whom."""
    if _open(request).state != "received":
        return None
    return SubjectIdentityVerified(method=method, checked_by=checked_by, note=note)


def start(request: SubjectRequest | None) -> SubjectRequestStarted | None:
    """Work begins. Nothing about a person is told, changed or erased for somebody whose identity was not checked."""
    match _open(request).state:
        case "received":
            raise Rejected("Verify the identity of who asks before you begin.")
        case "in-progress":
            return None
    return SubjectRequestStarted()


def extend(request: SubjectRequest | None, *, reason: str, now: datetime) -> SubjectRequestExtended:
    """60 days more, once, decided within the first 30: that is when the person has to be told why."""
    request = _open(request)
    if request.extended:
        raise Rejected("This request was extended already. That is possible once.")
    if now > request.due_at:
        raise Rejected("The 30 days are over. A request is extended, and the person told, before that.")
    due_at = request.due_at + EXTENSION
    return SubjectRequestExtended(due_at=due_at, remind_at=due_at - WARNING, reason=reason)


def complete(
    request: SubjectRequest | None, *, answered_by: AnsweredBy | None = None, unfinished: str | None = None
) -> SubjectRequestCompleted | None:
    """It was done, and the person told. `unfinished` says what is still to be done, if anything."""
    request = existing(request)
    if request.state == "completed":
        return None
    if _open(request).state != "in-progress":
        raise Rejected("Start working on this request before you complete it.")
    if unfinished is not None:
        raise Rejected(unfinished)
    return SubjectRequestCompleted(answered_by=answered_by)


def refuse(
    request: SubjectRequest | None, *, reason: WhyRefused, explanation: str | None = None
) -> tuple[SubjectRefusalExplained | SubjectRequestRefused, ...] | None:
    """It is not done, and the person is told why; also where nobody could show who they are."""
    if existing(request).state == "refused":
        return None
    _open(request)
    refused = SubjectRequestRefused(reason=reason)
    return (refused,) if explanation is None else (SubjectRefusalExplained(explanation=explanation), refused)


def remind(request: SubjectRequest | None, *, due_at: datetime) -> SubjectRequestReminded | None:
    """Reminds whoever works on it, unless it was answered or extended meanwhile. By a timer."""
    if request is None or REMINDER not in timers(request) or request.remind_at != due_at:
        return None
    return SubjectRequestReminded(due_at=request.due_at)


def note_overdue(request: SubjectRequest | None, *, due_at: datetime) -> SubjectRequestOverdue | None:
    """Records that nobody answered in time. By a timer."""
    if request is None or OVERDUE not in timers(request) or request.due_at != due_at:
        return None
    return SubjectRequestOverdue(due_at=due_at)


def timers(request: SubjectRequest) -> dict[str, datetime]:
    """What an open request waits for."""
    if not request.is_open:
        return {}
    waiting = {REMINDER: request.remind_at} if not request.reminded else {}
    return waiting | ({OVERDUE: request.due_at} if not request.overdue else {})


def evolve(  # noqa: C901, PLR0911 (one case per fact)
    request: SubjectRequest | None, fact: SubjectRequestFact
) -> SubjectRequest:
    if isinstance(fact, SubjectRequestReceived):
        return SubjectRequest(fact.contact, fact.kind, "received", fact.due_at, fact.due_at, fact.remind_at, fact.note)
    request = existing(request)
    match fact:
        case SubjectIdentityVerified(method=method, checked_by=checked_by):
            return replace(request, state="identity-verified", method=method, checked_by=checked_by)
        case SubjectRequestStarted():
            return replace(request, state="in-progress")
        case SubjectRequestExtended(due_at=due_at, remind_at=remind_at, reason=reason):
            return replace(request, due_at=due_at, remind_at=remind_at, extension=reason, reminded=False)
        case SubjectRequestReminded():
            return replace(request, reminded=True)
        case SubjectRequestOverdue():
            return replace(request, overdue=True)
        case SubjectRequestCompleted(answered_by=answered_by):
            return replace(request, state="completed", answered_by=answered_by)
        case SubjectRefusalExplained(explanation=explanation):
            return replace(request, explanation=explanation)
        case SubjectRequestRefused(reason=reason):
            return replace(request, state="refused", refusal=reason)
        case _:
            assert_never(fact)


subject_requests = Aggregate(
    "request", SubjectRequestFact, evolve, about=lambda _, request: (request.contact,), timers=timers
)
