"""Replies: who writes what into a ticket, and what a reply to a closed one leads to (D12). No I/O."""

from typing import Literal, TypeAlias
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Rejected
from crm.events.service_desk import TicketLinked, TicketOpened, TicketReopened, TicketReplied
from crm.service_desk.ticket import Ticket, existing

Side: TypeAlias = Literal["agent", "customer"]


class Message(Struct, frozen=True):
    """What somebody writes; what is not public is a note for colleagues."""

    by: Side
    body: str
    public: bool = True


class ClosedAlready(Exception):  # noqa: N818 (named as people speak)
    """A reply came to a ticket that is closed. No refusal: the reply belongs in the ticket that follows."""


def follow_up_of(ticket: UUID) -> UUID:
    """The id of the ticket that follows a closed one: derived from it, so that two replies at once open one."""
    return uuid5(ticket, "follow-up")


def reply(ticket: Ticket | None, *, message: Message) -> tuple[TicketReplied | TicketReopened, ...]:
    """Somebody writes; a customer's reply brings a solved ticket back. Raises `ClosedAlready` (D12)."""
    ticket = existing(ticket)
    replied = _replied(message)
    if ticket.state == "closed":
        raise ClosedAlready
    if message.by == "customer" and ticket.state == "solved":
        return replied, TicketReopened(reason="customer replied")
    return (replied,)


def carry_on(
    follow_up: Ticket | None, *, closed: UUID, after: Ticket, number: int, message: Message
) -> tuple[TicketOpened | TicketReplied | TicketReopened, ...]:
    """A reply to the ticket `closed`, whose state is `after`, opens the ticket that follows it, or finds it open."""
    if follow_up is not None:
        return reply(follow_up, message=message)
    replied = _replied(message)
    if not message.public:
        raise Rejected("This ticket is closed and takes no more notes. A public reply opens a ticket that follows it.")
    opened = TicketOpened(
        contact=after.contact,
        provisional=False,
        number=number,
        queue=after.queue,
        priority=after.priority,
        kind=after.kind,
        subject=after.subject,
        follows=closed,
    )
    return opened, replied


def link(ticket: Ticket | None, *, follow_up: UUID, number: int) -> TicketLinked | None:
    """The closed ticket's side of `carry_on`."""
    return TicketLinked(ticket=follow_up, number=number) if existing(ticket).followed_by is None else None


def _replied(message: Message) -> TicketReplied:
    if message.by == "customer" and not message.public:
        raise Rejected("What a customer says is public; only agents write notes.", field="public")
    return TicketReplied(by=message.by, public=message.public, body=message.body)
