"""A notice: a mail that is no marketing, sent once because something happened (M6). No I/O.

Planned -> Suppressed | HandedOff -> Sent | Failed | Unknown, as for messages; but nobody's consent is asked.
"""

from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Unknown
from crm.events.campaigns import FailureReason
from crm.events.notices import (
    NoticeFact,
    NoticeFailed,
    NoticeHandedOff,
    NoticePlanned,
    NoticeSent,
    NoticeSuppressed,
    NoticeUnknown,
)

NoticeStatus: TypeAlias = Literal["planned", "suppressed", "handed_off", "sent", "failed", "unknown"]
WhyNot: TypeAlias = Literal["contact erased", "address invalid", "too late"]

_STREAMS = UUID("3b1d3f9e-64f5-4d0c-8b0b-6d3b0f5c5a0d")


class Notice(Struct, frozen=True):
    contact: UUID
    status: NoticeStatus = "planned"


def notice_stream(kind: str, cause: str) -> UUID:
    """The only notice of a kind about a fact (its event id), so that it cannot be planned twice."""
    return uuid5(_STREAMS, f"{kind}/{cause}")


def plan_notice(
    notice: Notice | None, *, contact: UUID, kind: str, cause: str, address: str | None
) -> NoticePlanned | None:
    """Something happened that the contact is told of."""
    return NoticePlanned(contact=contact, kind=kind, cause=cause, address=address) if notice is None else None


def suppress_notice(notice: Notice | None, *, reason: WhyNot) -> NoticeSuppressed | None:
    """It is not sent; decided once."""
    return NoticeSuppressed(reason=reason) if _existing(notice).status == "planned" else None


def hand_off_notice(notice: Notice | None, *, subject: str) -> NoticeHandedOff | None:
    """The mail server gets it now, and never again (M15)."""
    return NoticeHandedOff(subject=subject) if _existing(notice).status == "planned" else None


def confirm_notice(notice: Notice | None) -> NoticeSent | None:
    """The mail server took it."""
    return NoticeSent() if _existing(notice).status == "handed_off" else None


def fail_notice(notice: Notice | None, *, reason: FailureReason, code: int | None) -> NoticeFailed | None:
    """The mail server did not take it."""
    return NoticeFailed(reason=reason, code=code) if _existing(notice).status == "handed_off" else None


def leave_notice_open(notice: Notice | None) -> NoticeUnknown | None:
    """No answer will come any more: whether it was sent stays unknown (M15)."""
    return NoticeUnknown() if _existing(notice).status == "handed_off" else None


def _existing(notice: Notice | None) -> Notice:
    if notice is None:
        raise Unknown("There is no such notice.")
    return notice


def evolve(notice: Notice | None, fact: NoticeFact) -> Notice:
    if isinstance(fact, NoticePlanned):
        return Notice(fact.contact)
    notice = _existing(notice)
    match fact:
        case NoticeSuppressed():
            return replace(notice, status="suppressed")
        case NoticeHandedOff():
            return replace(notice, status="handed_off")
        case NoticeSent():
            return replace(notice, status="sent")
        case NoticeFailed():
            return replace(notice, status="failed")
        case NoticeUnknown():
            return replace(notice, status="unknown")
        case _:
            assert_never(fact)


notices = Aggregate("notice", NoticeFact, evolve, about=lambda _, notice: (notice.contact,))
