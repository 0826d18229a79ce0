"""Which ticket a reply ends up in, also when others are faster."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Moved, Unknown
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, Idempotency, PostgresStore, Written
from crm.events.service_desk import TicketLinked, TicketOpened
from crm.service_desk.delivery import deliver
from crm.service_desk.number import draw_number
from crm.service_desk.reply import Message, follow_up_of
from crm.service_desk.service import service
from crm.service_desk.solution import close, solve
from crm.service_desk.ticket import open_ticket, tickets

COMPLAINT = Message("customer", "Still silent.")
SOON = datetime(2026, 6, 9, tzinfo=UTC)

Deliver = Callable[..., Written]


@pytest.fixture
def do(log: EventLog) -> Commands:
    return log.commands(Context("user:kim"))


@pytest.fixture
def ticket(do: Commands) -> UUID:
    stream = uuid4()
    ask(do, stream)
    return stream


@pytest.fixture
def send(log: EventLog, do: Commands) -> Deliver:
    numbers = count(100)

    def send(ticket: UUID, *, key: str | None = None, expected: int | None = None) -> Written:
        asked = Idempotency("user:kim", key, b"the same") if key else None
        commands = do.with_(idempotency=asked)
        return deliver(commands, log, ticket, COMPLAINT, expected=expected, draw_number=lambda: next(numbers))

    return send


def ask(do: Commands, ticket: UUID) -> None:
    asked = partial(open_ticket, contact=uuid4(), provisional=False, number=1, subject="Bell", body="It is silent.")
    do(tickets, ticket, partial(asked, queue="support", priority="normal", kind="incident"))


def finish(do: Commands, ticket: UUID) -> None:
    do(tickets, ticket, partial(solve, closes_at=SOON))
    do(tickets, ticket, close)


def names_of(log: EventLog, stream: UUID) -> list[str]:
    return [type(each.fact).__name__ for each in log.stream(stream)]


def test_a_reply_is_in_the_ticket_that_was_addressed(ticket: UUID, send: Deliver, log: EventLog) -> None:
    written = send(ticket, expected=1)
    assert (written.stream, written.version) == (ticket, 2)
    assert names_of(log, ticket) == ["TicketOpened", "TicketReplied"]


def test_d12_a_reply_to_a_closed_ticket_links_both_ways_in_one_append(
    ticket: UUID, send: Deliver, do: Commands, log: EventLog
) -> None:
    finish(do, ticket)
    written = send(ticket, expected=3)
    follow_up = follow_up_of(ticket)
    assert (written.stream, written.version) == (follow_up, 2)
    assert set(written.token.removeprefix("service-desk/").split(",")) == {f"{follow_up}:2", f"{ticket}:4"}
    opened, linked = log.stream(follow_up)[0], log.stream(ticket)[-1]
    assert isinstance(opened.fact, TicketOpened)
    assert (opened.fact.follows, linked.fact) == (ticket, TicketLinked(ticket=follow_up, number=opened.fact.number))
    assert opened.append_id == linked.append_id
    assert opened.partition_key == linked.partition_key
    assert names_of(log, follow_up) == ["TicketOpened", "TicketReplied"]


def test_d12_later_replies_find_the_last_ticket_that_follows(
    ticket: UUID, send: Deliver, do: Commands, log: EventLog
) -> None:
    finish(do, ticket)
    second = send(ticket).stream
    assert send(ticket).stream == second
    finish(do, second)
    third = send(ticket).stream
    assert third == follow_up_of(second)
    assert names_of(log, ticket) == ["TicketOpened", "TicketSolved", "TicketClosed", "TicketLinked"]
    assert [log.get(tickets, each).state.state for each in (ticket, second, third)] == ["closed", "closed", "new"]


def test_the_version_that_was_seen_is_that_of_the_addressed_ticket(ticket: UUID, send: Deliver, do: Commands) -> None:
    with pytest.raises(Moved):
        send(ticket, expected=7)
    finish(do, ticket)
    with pytest.raises(Moved):
        send(ticket, expected=1)
    send(ticket, expected=3)
    with pytest.raises(Moved):
        send(ticket, expected=3)
    assert send(ticket, expected=4).stream == follow_up_of(ticket)


def test_a_ticket_closed_at_the_last_moment_is_followed(
    ticket: UUID, send: Deliver, do: Commands, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    then(log, monkeypatch, lambda: finish(do, ticket))
    assert send(ticket, key="k").stream == follow_up_of(ticket)


def test_two_replies_at_once_open_one_ticket(
    ticket: UUID, send: Deliver, do: Commands, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(do, ticket)
    then(log, monkeypatch, lambda: send(ticket))
    assert send(ticket).stream == follow_up_of(ticket)
    assert names_of(log, follow_up_of(ticket)) == ["TicketOpened", "TicketReplied", "TicketReplied"]
    assert names_of(log, ticket).count("TicketLinked") == 1


def test_replies_of_several_people_at_once_are_all_in_one_ticket(db: Database) -> None:
    log = service.log(PostgresStore(db), MemoryKeys())
    do, ticket, people = log.commands(Context("user:kim")), uuid4(), 3
    ask(do, ticket)
    finish(do, ticket)

    def send(_: int) -> UUID:
        return deliver(do, log, ticket, COMPLAINT, expected=None, draw_number=partial(draw_number, db)).stream

    with ThreadPoolExecutor(people) as pool:
        assert set(pool.map(send, range(people))) == {follow_up_of(ticket)}
    assert names_of(log, follow_up_of(ticket)) == ["TicketOpened", *["TicketReplied"] * people]
    assert names_of(log, ticket).count("TicketLinked") == 1


def test_a_repeated_reply_is_told_where_the_first_one_is(ticket: UUID, send: Deliver, do: Commands) -> None:
    first = send(ticket, key="before")
    finish(do, ticket)
    second = send(ticket, key="after")
    again = [send(ticket, key=key) for key in ("before", "after")]
    assert [(each.stream, each.version, each.token) for each in again] == [
        (each.stream, each.version, each.token) for each in (first, second)
    ]
    assert (first.stream, second.stream) == (ticket, follow_up_of(ticket))


def test_nobody_replies_to_a_ticket_that_is_not_there(send: Deliver) -> None:
    with pytest.raises(Unknown):
        send(uuid4())


def then(log: EventLog, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Something happens right after the next state was read, before anything is decided on it."""
    get = log.get
    pending = [happens]

    def get_and_lag(*args: Any, **options: Any) -> Any:
        folded = get(*args, **options)
        if pending:
            pending.pop()()
        return folded

    monkeypatch.setattr(log, "get", get_and_lag)
