"""The inbox: one row per ticket, as agents see them by queue and state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from crm.chassis.paging import Page, PageRequest
from crm.chassis.projection import Db, Subject, View
from crm.events import Personal, Recorded
from crm.events.service_desk import (
    TicketAssigned,
    TicketClosed,
    TicketLinked,
    TicketOpened,
    TicketPriorityChanged,
    TicketReopened,
    TicketReplied,
    TicketSolved,
)
from crm.service_desk.ticket import TicketState

Order: TypeAlias = Literal["newest", "oldest"]


@dataclass(frozen=True)
class InboxRow:
    """`answered_at`: a human answered in public (D5). `version` is the one to send as If-Match. Times are UTC."""

    id: UUID
    number: int
    contact: Subject
    state: TicketState
    queue: str
    priority: str
    kind: str
    subject: Personal[str]
    name: Personal[str | None]
    email: Personal[str | None]
    phone: Personal[str | None]
    assignee: str | None
    opened_at: datetime
    answered_at: datetime | None
    last_message_at: datetime
    closes_at: datetime | None
    follows: UUID | None
    followed_by: UUID | None
    version: int


inbox = View(
    "inbox",
    InboxRow,
    key="id",
    version=1,
    indexes=("opened_at, id", "queue, state, opened_at, id", "assignee, state, opened_at, id", "contact", "number"),
)


@inbox.on(TicketOpened)
def add(_: InboxRow | None, e: Recorded[TicketOpened]) -> InboxRow:
    ticket = e.fact
    return InboxRow(
        id=e.stream,
        number=ticket.number,
        contact=ticket.contact,
        state="new",
        queue=ticket.queue,
        priority=ticket.priority,
        kind=ticket.kind,
        subject=ticket.subject,
        name=ticket.name,
        email=ticket.email,
        phone=ticket.phone,
        assignee=None,
        opened_at=e.occurred_at,
        answered_at=None,
        last_message_at=e.occurred_at,
        closes_at=None,
        follows=ticket.follows,
        followed_by=None,
        version=e.version,
    )


@inbox.on(TicketAssigned)
def hand_over(row: InboxRow, e: Recorded[TicketAssigned]) -> InboxRow:
    row = taken_up(row) if e.fact.assignee else row
    return replace(row, assignee=e.fact.assignee, version=e.version)


@inbox.on(TicketReplied)
def note_reply(row: InboxRow, e: Recorded[TicketReplied]) -> InboxRow:
    row = replace(row, last_message_at=max(row.last_message_at, e.occurred_at), version=e.version)
    if e.fact.by != "agent" or not e.fact.public:
        return row
    if row.answered_at is None and e.actor.startswith("user:"):  # no bot, no automatic reply (D5)
        row = replace(row, answered_at=e.occurred_at)
    return taken_up(row)


def taken_up(row: InboxRow) -> InboxRow:
    return replace(row, state="open") if row.state == "new" else row


@inbox.on(TicketPriorityChanged)
def prioritise(row: InboxRow, e: Recorded[TicketPriorityChanged]) -> InboxRow:
    return replace(row, priority=e.fact.priority, version=e.version)


@inbox.on(TicketSolved)
def tick_off(row: InboxRow, e: Recorded[TicketSolved]) -> InboxRow:
    return replace(row, state="solved", closes_at=e.fact.closes_at, version=e.version)


@inbox.on(TicketReopened)
def bring_back(row: InboxRow, e: Recorded[TicketReopened]) -> InboxRow:
    return replace(row, state="open", closes_at=None, version=e.version)


@inbox.on(TicketClosed)
def put_away(row: InboxRow, e: Recorded[TicketClosed]) -> InboxRow:
    return replace(row, state="closed", closes_at=None, version=e.version)


@inbox.on(TicketLinked)
def link(row: InboxRow, e: Recorded[TicketLinked]) -> InboxRow:
    return replace(row, followed_by=e.fact.ticket, version=e.version)


@dataclass(frozen=True)
class Filter:
    """Which tickets: those for which all that is given holds. `contacts` are the ids of one person."""

    queue: str | None = None
    state: TicketState | None = None
    assignee: str | None = None
    unassigned: bool = False
    contacts: Sequence[UUID] | None = None
    number: int | None = None

    @property
    def where(self) -> tuple[str, list[Any]]:
        """SQL over the columns of the inbox, and its parameters."""
        asked = {
            "queue = %s": self.queue,
            "state = %s": self.state,
            "assignee = %s": self.assignee,
            "contact = ANY(%s)": list(self.contacts) if self.contacts is not None else None,
            "number = %s": self.number,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        conditions = [*given, *(["assignee IS NULL"] if self.unassigned else [])]
        return " AND ".join(conditions) or "true", list(given.values())


def find(db: Db, only: Filter, page: PageRequest, order: Order = "newest") -> Page[InboxRow]:
    """Tickets by when they were opened."""
    where, params = only.where
    down = " DESC" if order == "newest" else ""
    return inbox.page(db, where, params, order_by=(f"opened_at{down}", f"id{down}"), page=page)
