"""A message: one campaign's mail to one contact, from being planned to what its reader did with it.

Planned -> Suppressed | HandedOff -> Sent | Failed | Unknown -> clicks and unsubscribing.
"""

from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.campaigns import (
    FailureReason,
    LinkClicked,
    MessageFact,
    MessageFailed,
    MessageHandedOff,
    MessagePlanned,
    MessageSent,
    MessageSuppressed,
    MessageUnknown,
    SuppressionReason,
    Unsubscribed,
)

MessageStatus: TypeAlias = Literal["planned", "suppressed", "handed_off", "sent", "failed", "unknown"]
UnsubscribeMethod: TypeAlias = Literal["one-click", "page"]

MOST_CLICKS = 500
"""A stream stays short: who clicks more often than this in one mail is a machine, and is not counted further."""


class Message(Struct, frozen=True):
    """`address` is None where none is known, also once the contact is erased."""

    campaign: UUID
    contact: UUID
    address: str | None
    status: MessageStatus = "planned"
    clicks: int = 0
    unsubscribed: bool = False

    @property
    def may_have_arrived(self) -> bool:
        """Whether somebody may hold this mail, and its links, in hands."""
        return self.status not in ("planned", "suppressed")


def message_stream(campaign: UUID, contact: UUID) -> UUID:
    """A campaign's only message to a contact, so that it cannot be planned twice."""
    return uuid5(campaign, str(contact))


def plan_message(
    message: Message | None, *, campaign: UUID, contact: UUID, address: str | None
) -> MessagePlanned | None:
    """The contact is in the audience."""
    return MessagePlanned(campaign=campaign, contact=contact, address=address) if message is None else None


def suppress(message: Message | None, *, reason: SuppressionReason) -> MessageSuppressed | None:
    """The message is not sent; decided once, and never taken up again (M1)."""
    message = existing(message)
    return MessageSuppressed(campaign=message.campaign, reason=reason) if message.status == "planned" else None


def hand_off(message: Message | None, *, subject: str) -> MessageHandedOff | None:
    """The mail server gets it now, and never again (M15)."""
    message = existing(message)
    return MessageHandedOff(campaign=message.campaign, subject=subject) if message.status == "planned" else None


def confirm(message: Message | None) -> MessageSent | None:
    """The mail server took it."""
    message = existing(message)
    return MessageSent(campaign=message.campaign) if message.status == "handed_off" else None


def fail(message: Message | None, *, reason: FailureReason, code: int | None) -> MessageFailed | None:
    """The mail server did not take it."""
    message = existing(message)
    if message.status != "handed_off":
        return None
    return MessageFailed(campaign=message.campaign, reason=reason, code=code)


def leave_open(message: Message | None) -> MessageUnknown | None:
    """No answer will come any more: whether it was sent stays unknown (M15)."""
    message = existing(message)
    return MessageUnknown(campaign=message.campaign) if message.status == "handed_off" else None


def click(message: Message | None, *, link: int, url: str) -> LinkClicked | None:
    """Its reader, or a machine on the way, followed a link."""
    message = _arrived(message)
    if message.clicks >= MOST_CLICKS:
        return None
    return LinkClicked(campaign=message.campaign, link=link, url=url, again=message.clicks > 0)


def unsubscribe(
    message: Message | None, *, purpose: str, method: UnsubscribeMethod, anew: bool = False
) -> Unsubscribed | None:
    """Its reader wants no more of these. `anew`: they have agreed again since they last said so."""
    message = _arrived(message)
    if message.unsubscribed and not anew:
        return None
    return Unsubscribed(contact=message.contact, campaign=message.campaign, purpose=purpose, method=method)


def existing(message: Message | None) -> Message:
    if message is None:
        raise Unknown("There is no such message.")
    return message


def _arrived(message: Message | None) -> Message:
    if not existing(message).may_have_arrived:
        raise Rejected("This message was not sent.")
    return existing(message)


def evolve(message: Message | None, fact: MessageFact) -> Message:  # noqa: C901, PLR0911 (one case per fact)
    if isinstance(fact, MessagePlanned):
        return Message(fact.campaign, fact.contact, fact.address)
    message = existing(message)
    match fact:
        case MessageSuppressed():
            return replace(message, status="suppressed")
        case MessageHandedOff():
            return replace(message, status="handed_off")
        case MessageSent():
            return replace(message, status="sent")
        case MessageFailed():
            return replace(message, status="failed")
        case MessageUnknown():
            return replace(message, status="unknown")
        case LinkClicked():
            return replace(message, clicks=message.clicks + 1)
        case Unsubscribed():
            return replace(message, unsubscribed=True)
        case _:
            assert_never(fact)


messages = Aggregate("message", MessageFact, evolve, about=lambda _, message: (message.contact,))
