"""What happens in the service-desk service: tickets, from the question to the answer that stands."""

from typing import TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Moment, Personal


class TicketOpened(Fact, frozen=True, tag="crm.service-desk.ticket-opened.v1"):
    """`provisional`: nobody knew this person; `contact` is the id that every service would mint for the address.

    `follows` is the closed ticket that this one carries on; its first message is then the reply recorded with it.
    """

    summary = "Ticket #{number} opened: {subject}"
    contact: UUID
    provisional: bool
    number: int
    queue: str
    priority: str
    kind: str
    subject: Personal[str]
    body: Personal[str | None] = None
    name: Personal[str | None] = None
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    follows: UUID | None = None


class TicketAssigned(Fact, frozen=True, tag="crm.service-desk.ticket-assigned.v1"):
    """`assignee` is the subject of an agent's token; None gives the ticket back to its queue."""

    summary = "Ticket assigned to {assignee}"
    assignee: str | None


class TicketReplied(Fact, frozen=True, tag="crm.service-desk.ticket-replied.v1"):
    """`by` is agent or customer; what is not `public` is a note for colleagues."""

    summary = "Reply by {by}: {body:.120}"
    by: str
    public: bool
    body: Personal[str]


class TicketPriorityChanged(Fact, frozen=True, tag="crm.service-desk.ticket-priority-changed.v1"):
    summary = "Ticket priority changed from {was} to {priority}"
    was: str
    priority: str


class TicketSolved(Fact, frozen=True, tag="crm.service-desk.ticket-solved.v1"):
    """`closes_at` (UTC) is when the ticket closes by itself if nobody comes back to it."""

    summary = "Ticket solved"
    closes_at: Moment


class TicketReopened(Fact, frozen=True, tag="crm.service-desk.ticket-reopened.v1"):
    summary = "Ticket reopened: {reason}"
    reason: str


class TicketClosed(Fact, frozen=True, tag="crm.service-desk.ticket-closed.v1"):
    """`automatic`: nobody came back to it in time."""

    summary = "Ticket closed"
    automatic: bool


class TicketLinked(Fact, frozen=True, tag="crm.service-desk.ticket-linked.v1"):
    """A reply came after this ticket was closed: `ticket`, which follows it, carries on."""

    summary = "Carried on in ticket #{number}"
    ticket: UUID
    number: int


TicketFact: TypeAlias = (
    TicketOpened
    | TicketAssigned
    | TicketReplied
    | TicketPriorityChanged
    | TicketSolved
    | TicketReopened
    | TicketClosed
    | TicketLinked
)


# Privacy.


class ErasureAcknowledged(Fact, frozen=True, tag="crm.service-desk.erasure-acknowledged.v1"):
    summary = "The service desk has forgotten this person"
    contact: UUID
