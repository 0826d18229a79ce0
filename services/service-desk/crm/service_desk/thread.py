"""A ticket with all that was said in it: a fold of its stream, so it is never stale."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.log import EventLog
from crm.events import Fact, Recorded
from crm.events.service_desk import TicketOpened, TicketReplied
from crm.service_desk.reply import Side
from crm.service_desk.ticket import Ticket, tickets


@dataclass(frozen=True)
class Post:
    """One message of a thread. Times are UTC."""

    id: str
    by: str
    public: bool
    body: str
    at: datetime
    actor: str
    channel: str


@dataclass(frozen=True)
class Thread:
    """A ticket at one of its versions, and its messages in the order they were written."""

    ticket: Ticket
    messages: tuple[Post, ...]
    version: int
    token: str


def read_thread(streams: EventLog, ticket: UUID, *, as_of: datetime | None = None) -> Thread:
    """A ticket and its messages, now or as of a moment (UTC). Raises `Unknown`."""
    folded = streams.get(tickets, ticket, as_of=as_of)
    known = [e for e in streams.stream(ticket) if e.version <= folded.version]
    posts = [post for e in known if as_of is None or e.occurred_at <= as_of for post in _posts(e)]
    return Thread(folded.state, tuple(sorted(posts, key=lambda post: post.at)), folded.version, folded.token)


def _posts(e: Recorded[Fact]) -> Iterator[Post]:
    match e.fact:
        case TicketOpened(body=str(body)):
            yield _post(e, "customer", True, body)
        case TicketReplied(by="agent" | "customer" as by, public=public, body=body):
            yield _post(e, by, public, body)


def _post(e: Recorded[Fact], by: Side, public: bool, body: str) -> Post:
    return Post(e.event_id, by, public, body, e.occurred_at, e.actor, e.channel)
