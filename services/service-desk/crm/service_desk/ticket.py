"""A ticket: one question of one person, until the answer stands. Times are UTC.

New -> Open (taken up) -> Solved -> Closed. A customer's reply or a reopening brings a solved ticket back; a closed one
stays as it is, except for links, and a reply to it opens another ticket that follows it (D12).
"""

from datetime import datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.service_desk import (
    TicketAssigned,
    TicketClosed,
    TicketFact,
    TicketLinked,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketReplied,
    TicketSolved,
)

TicketState: TypeAlias = Literal["new", "open", "solved", "closed"]
Priority: TypeAlias = Literal["low", "normal", "high", "urgent"]
Kind: TypeAlias = Literal["question", "incident", "problem", "task"]

AUTO_CLOSE = "auto-close"


class Ticket(Struct, frozen=True):
    """`closes_at`: when a solved ticket closes by itself; `followed_by`: the ticket that carries a closed one on."""

    contact: UUID
    number: int
    state: TicketState
    queue: str
    priority: str
    kind: str
    subject: str
    follows: UUID | None
    assignee: str | None = None
    closes_at: datetime | None = None
    followed_by: UUID | None = None


def open_ticket(
    ticket: Ticket | None,
    *,
    contact: UUID,
    provisional: bool,
    number: int,
    subject: str,
    body: str,
    queue: str,
    priority: Priority,
    kind: Kind,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> TicketOpened:
    """Somebody asks; `provisional` says that the contact's id was minted for a person nobody knew (D9)."""
    if ticket is not None:
        raise Rejected("This ticket is already open.")
    return TicketOpened(
        contact=contact,
        provisional=provisional,
        number=number,
        queue=queue,
        priority=priority,
        kind=kind,
        subject=subject,
        body=body,
        name=name,
        email=email,
        phone=phone,
    )


def assign(ticket: Ticket | None, *, assignee: str | None) -> TicketAssigned | None:
    """An agent takes the ticket up, or gives it back to its queue (None)."""
    ticket = changeable(ticket)
    return TicketAssigned(assignee=assignee) if assignee != ticket.assignee else None


def change_priority(ticket: Ticket | None, *, priority: Priority) -> TicketPriorityChanged | None:
    was = changeable(ticket).priority
    return TicketPriorityChanged(was=was, priority=priority) if priority != was else None


def existing(ticket: Ticket | None) -> Ticket:
    """The ticket. Raises `Unknown`."""
    if ticket is None:
        raise Unknown("There is no such ticket.")
    return ticket


def changeable(ticket: Ticket | None) -> Ticket:
    """The ticket, if it is not closed (D12). Raises `Unknown` and `Rejected`."""
    ticket = existing(ticket)
    if ticket.state == "closed":
        raise Rejected("This ticket is closed and stays as it is. A reply to it opens a ticket that follows it.")
    return ticket


def evolve(ticket: Ticket | None, fact: TicketFact) -> Ticket:  # noqa: C901, PLR0911 (one case per fact)
    if isinstance(fact, TicketOpened):
        return _opened(fact)
    ticket = existing(ticket)  # an id of something else may be asked for as a ticket
    match fact:
        case TicketAssigned(assignee=assignee):
            return replace(_taken_up(ticket) if assignee else ticket, assignee=assignee)
        case TicketReplied(by=by, public=public):
            return _taken_up(ticket) if by == "agent" and public else ticket
        case TicketPriorityChanged(priority=priority):
            return replace(ticket, priority=priority)
        case TicketSolved(closes_at=closes_at):
            return replace(ticket, state="solved", closes_at=closes_at)
        case TicketReopened():
            return replace(ticket, state="open", closes_at=None)
        case TicketClosed():
            return replace(ticket, state="closed", closes_at=None)
        case TicketLinked(ticket=follow_up):
            return replace(ticket, followed_by=follow_up)
        case _:
            assert_never(fact)


def _taken_up(ticket: Ticket) -> Ticket:
    return replace(ticket, state="open") if ticket.state == "new" else ticket


def _opened(fact: TicketOpened) -> Ticket:
    return Ticket(fact.contact, fact.number, "new", fact.queue, fact.priority, fact.kind, fact.subject, fact.follows)


tickets = Aggregate(
    "ticket",
    TicketFact,
    evolve,
    about=lambda stream, ticket: {ticket.contact},
    timers=lambda ticket: {AUTO_CLOSE: ticket.closes_at} if ticket.closes_at else {},
)
