"""Tickets over HTTP."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, TypeAlias
from uuid import UUID, uuid4

from fastapi import Query

from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Tables,
    Versioned,
    Written,
    part,
    reads,
)
from crm.chassis.people.fields import Moment, Report
from crm.chassis.people.known import Somebody
from crm.chassis.settings import Settings
from crm.service_desk.api.bodies import (
    AssignTicket,
    ChangePriority,
    InboxEntry,
    OpenTicket,
    ReopenTicket,
    ReplyToTicket,
    TicketAnswer,
    inbox_entry,
    ticket_answer,
)
from crm.service_desk.api.fields import AgentName, QueueName
from crm.service_desk.api.permissions import CanHelp, CanReadTickets
from crm.service_desk.delivery import deliver
from crm.service_desk.inbox import Filter, Order, find, inbox
from crm.service_desk.number import draw_number
from crm.service_desk.people import aliases, holders, known_contacts, people
from crm.service_desk.solution import close, reopen, solve
from crm.service_desk.thread import read_thread
from crm.service_desk.ticket import TicketState, assign, change_priority, open_ticket, tickets

router = Router(prefix="/tickets", tags=["tickets"])

Deployment: TypeAlias = Annotated[Settings, part(Settings)]
"""The settings: where numbers lack a prefix (C2), and how long a solved ticket stays open to replies (D12)."""


@router.post("", dependencies=[reads(holders)])
def open_a_ticket(
    body: OpenTicket, log: Log, streams: Streams, db: ReadModel, agent: CanHelp, deployment: Deployment
) -> Created:
    """Opens a ticket, for a contact or for whoever the address or number names; nobody is turned away (D9)."""
    somebody = (
        Somebody(body.contact, provisional=False)
        if body.contact
        else people.recognise(
            db,
            streams.keys,
            email=body.email,
            phone=body.phone,
            region=deployment.region,
            rules=deployment.uniqueness,
        )
    )
    command = partial(
        open_ticket,
        contact=somebody.contact,
        provisional=somebody.provisional,
        number=draw_number(db),
        subject=body.subject,
        body=body.body,
        queue=body.queue,
        priority=body.priority,
        kind=body.kind,
        name=body.name,
        email=body.email,
        phone=body.phone,
    )
    return Created(log.execute(tickets, uuid4(), command, occurred_at=body.occurred_at), "/tickets/{id}")


@router.get("", dependencies=[reads(inbox, aliases, known_contacts)])
def list_tickets(
    page: PageQuery,
    db: ReadModel,
    agent: CanReadTickets,
    queue: QueueName | None = None,
    state: TicketState | None = None,
    assignee: AgentName | None = None,
    unassigned: Annotated[bool, Query(description="Only those that no agent has taken.")] = False,
    contact: Annotated[UUID | None, Query(description="Any id of a person.")] = None,
    number: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
    order: Order = "newest",
) -> Page[InboxEntry]:
    """The inbox, by when tickets were opened."""
    contacts = aliases.ids_of(db, contact) if contact else None
    found = find(db, Filter(queue, state, assignee, unassigned, contacts, number), page, order)
    name_of = people.names(db, {each.contact for each in found.items})
    return Page(tuple(inbox_entry(each, name_of.get(each.contact)) for each in found.items), found.next)


@router.get("/{ticket}")
def show_ticket(
    ticket: UUID, streams: Streams, agent: CanReadTickets, as_of: Moment | None = None
) -> Versioned[TicketAnswer]:
    """A ticket with its messages, now or as of a moment. Never stale."""
    thread = read_thread(streams, ticket, as_of=as_of)
    return Versioned(ticket_answer(ticket, thread), thread.version, thread.token)


@router.post("/{ticket}/assign")
def assign_ticket(ticket: UUID, body: AssignTicket, log: Log, agent: CanHelp, expected: IfMatch) -> Written:
    command = partial(assign, assignee=body.assignee)
    return log.execute(tickets, ticket, command, expected, occurred_at=body.occurred_at)


@router.post("/{ticket}/reply")
def reply_to_ticket(
    ticket: UUID, body: ReplyToTicket, log: Log, streams: Streams, db: Tables, agent: CanHelp, expected: IfMatch
) -> Written:
    """Writes into a ticket. The answer names the one the reply is in: if this is closed, one that follows it (D12)."""
    return deliver(
        log.with_(occurred_at=body.occurred_at),
        streams,
        ticket,
        body.message,
        expected=expected,
        draw_number=partial(draw_number, db),
    )


@router.post("/{ticket}/priority")
def change_the_priority(ticket: UUID, body: ChangePriority, log: Log, agent: CanHelp, expected: IfMatch) -> Written:
    command = partial(change_priority, priority=body.priority)
    return log.execute(tickets, ticket, command, expected, occurred_at=body.occurred_at)


@router.post("/{ticket}/solve")
def solve_ticket(
    ticket: UUID, log: Log, agent: CanHelp, expected: IfMatch, deployment: Deployment, body: Report = Report()
) -> Written:
    """The answer is given. Unless somebody comes back, the ticket closes by itself some days later (D12)."""
    closes_at = (body.occurred_at or datetime.now(UTC)) + timedelta(days=deployment.auto_close_days)
    command = partial(solve, closes_at=closes_at)
    return log.execute(tickets, ticket, command, expected, occurred_at=body.occurred_at)


@router.post("/{ticket}/reopen")
def reopen_ticket(
    ticket: UUID, log: Log, agent: CanHelp, expected: IfMatch, body: ReopenTicket = ReopenTicket()
) -> Written:
    command = partial(reopen, reason=body.reason)
    return log.execute(tickets, ticket, command, expected, occurred_at=body.occurred_at)


@router.post("/{ticket}/close")
def close_ticket(ticket: UUID, log: Log, agent: CanHelp, expected: IfMatch, body: Report = Report()) -> Written:
    return log.execute(tickets, ticket, close, expected, occurred_at=body.occurred_at)
