"""The end of a ticket: solved, perhaps reopened, and closed for good by hand or by time (D12). No I/O."""

from datetime import datetime
from typing import Literal, TypeAlias

from crm.chassis.decider import Rejected
from crm.events.service_desk import TicketClosed, TicketReopened, TicketSolved
from crm.service_desk.ticket import Ticket, changeable, existing

WhyReopened: TypeAlias = Literal["not solved", "came back", "solved by mistake", "other"]


def solve(ticket: Ticket | None, *, closes_at: datetime) -> TicketSolved | None:
    """The answer is given; unless somebody comes back, the ticket closes by itself at `closes_at` (D12)."""
    return TicketSolved(closes_at=closes_at) if changeable(ticket).state != "solved" else None


def reopen(ticket: Ticket | None, *, reason: WhyReopened) -> TicketReopened | None:
    """A solved ticket needs more work after all."""
    return TicketReopened(reason=reason) if changeable(ticket).state == "solved" else None


def close(ticket: Ticket | None) -> TicketClosed | None:
    """A solved ticket is done with, without waiting."""
    match existing(ticket).state:
        case "solved":
            return TicketClosed(automatic=False)
        case "closed":
            return None
        case "new" | "open":
            raise Rejected("Solve this ticket before you close it.")


def close_when_due(ticket: Ticket | None, *, due_at: datetime) -> TicketClosed | None:
    """Nobody came back to a solved ticket in time; one that was reopened meanwhile is left alone (D12)."""
    return TicketClosed(automatic=True) if ticket is not None and ticket.closes_at == due_at else None
