"""What is told about tickets over HTTP, in both directions."""

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from msgspec.structs import asdict
from pydantic import Field

from crm.chassis.people.fields import Email, Line, PhoneText, Report
from crm.service_desk.api.fields import AgentName, QueueName, Text
from crm.service_desk.inbox import InboxRow
from crm.service_desk.reply import Message, Side
from crm.service_desk.solution import WhyReopened
from crm.service_desk.thread import Post, Thread
from crm.service_desk.ticket import Kind, Priority, TicketState


class OpenTicket(Report):
    """What somebody asks. Without `contact` the person is recognised by address or number, or stays anonymous (D9)."""

    subject: Line
    body: Text
    contact: UUID | None = Field(default=None, description="Who it is, where that is known.")
    name: Line | None = None
    email: Email | None = None
    phone: PhoneText | None = None
    queue: QueueName = "support"
    priority: Priority = "normal"
    kind: Kind = "question"


class AssignTicket(Report):
    assignee: AgentName | None = Field(description="The agent, as tokens name them; null gives the ticket back.")


class ReplyToTicket(Report):
    """What an agent answers or notes, or what the customer says."""

    body: Text
    by: Side = "agent"
    public: bool = Field(default=True, description="False: a note for colleagues, which only agents write.")

    @property
    def message(self) -> Message:
        return Message(self.by, self.body, self.public)


class ChangePriority(Report):
    priority: Priority


class ReopenTicket(Report):
    reason: WhyReopened = "not solved"


@dataclass(frozen=True)
class TicketAnswer:
    """A ticket with all that was said in it. `closes_at` is when it closes by itself, if nobody comes back to it."""

    id: UUID
    number: int
    contact: UUID
    state: TicketState
    queue: str
    priority: str
    kind: str
    subject: str
    assignee: str | None
    closes_at: datetime | None
    follows: UUID | None
    followed_by: UUID | None
    messages: tuple[Post, ...]


@dataclass(frozen=True)
class InboxEntry(InboxRow):
    """A ticket in the inbox; `contact_name` is there as soon as the desk has heard of the contact."""

    contact_name: str | None


def ticket_answer(ticket: UUID, thread: Thread) -> TicketAnswer:
    """The answer to who asks for one ticket."""
    return TicketAnswer(id=ticket, messages=thread.messages, **asdict(thread.ticket))


def inbox_entry(row: InboxRow, contact_name: str | None) -> InboxEntry:
    """The same for one in the inbox."""
    return InboxEntry(**{each.name: getattr(row, each.name) for each in fields(row)}, contact_name=contact_name)
