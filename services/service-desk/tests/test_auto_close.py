"""Solved tickets close by themselves (D12): a durable timer on PostgreSQL, in virtual time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, PostgresStore
from crm.chassis.timers import TimerWorker
from crm.events.service_desk import TicketClosed
from crm.service_desk.delivery import deliver
from crm.service_desk.reply import Message
from crm.service_desk.service import service
from crm.service_desk.solution import solve
from crm.service_desk.ticket import open_ticket, tickets

START = datetime(2026, 6, 1, 9, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def desk(db: Database) -> EventLog:
    return service.log(PostgresStore(db), MemoryKeys())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def worker(db: Database, desk: EventLog, clock: Clock) -> TimerWorker:
    return TimerWorker(service.timers, db, desk, clock)


@pytest.fixture
def at(desk: EventLog) -> Callable[[datetime], Commands]:
    """Commands of somebody at a moment."""
    return lambda moment: desk.commands(Context("user:kim", occurred_at=moment))


At = Callable[[datetime], Commands]


def solved(at: At, closes_at: datetime = START + WEEK) -> UUID:
    stream = uuid4()
    asked = partial(open_ticket, contact=uuid4(), provisional=False, number=1, subject="Bell", body="It is silent.")
    at(START)(tickets, stream, partial(asked, queue="support", priority="normal", kind="incident"))
    at(START)(tickets, stream, partial(solve, closes_at=closes_at))
    return stream


def come_back(at: At, desk: EventLog, ticket: UUID, moment: datetime) -> None:
    said = Message("customer", "Still silent.")
    deliver(at(moment), desk, ticket, said, expected=None, draw_number=lambda: 2)


def state_of(desk: EventLog, ticket: UUID) -> str:
    return desk.get(tickets, ticket).state.state


def waiting(db: Database) -> int:
    with db.connection() as connection:
        row = connection.execute("SELECT count(*) FROM timers").fetchone()
    return row[0] if row else 0


def test_d12_a_solved_ticket_closes_when_its_time_has_come(
    desk: EventLog, at: At, worker: TimerWorker, clock: Clock, db: Database
) -> None:
    ticket = solved(at)
    clock.now = START + WEEK - timedelta(seconds=1)
    assert (worker.fire_due(), state_of(desk, ticket)) == (0, "solved")
    clock.now = START + WEEK
    assert (worker.fire_due(), state_of(desk, ticket)) == (1, "closed")
    assert (worker.fire_due(), waiting(db)) == (0, 0)


def test_d12_a_late_worker_tells_when_the_ticket_closed(
    desk: EventLog, at: At, worker: TimerWorker, clock: Clock
) -> None:
    ticket = solved(at)
    clock.now = START + 4 * WEEK
    assert worker.fire_due() == 1
    fired = desk.stream(ticket)[-1]
    assert fired.fact == TicketClosed(automatic=True)
    assert (fired.occurred_at, fired.actor, fired.causation_id) == (START + WEEK, "timer:auto-close", f"{ticket}:2")
    assert desk.get(tickets, ticket, as_of=START + 2 * WEEK).state.state == "closed"


def test_d12_who_comes_back_in_time_keeps_the_ticket_open(
    desk: EventLog, at: At, worker: TimerWorker, clock: Clock, db: Database
) -> None:
    ticket = solved(at)
    come_back(at, desk, ticket, START + timedelta(days=6))
    assert waiting(db) == 0
    clock.now = START + WEEK
    assert (worker.fire_due(), state_of(desk, ticket)) == (0, "open")


def test_d12_a_ticket_solved_again_waits_its_time_again(
    desk: EventLog, at: At, worker: TimerWorker, clock: Clock
) -> None:
    ticket, again = solved(at), START + timedelta(days=6)
    come_back(at, desk, ticket, again)
    at(again)(tickets, ticket, partial(solve, closes_at=again + WEEK))
    clock.now = START + WEEK
    assert (worker.fire_due(), state_of(desk, ticket)) == (0, "solved")
    clock.now = again + WEEK
    assert (worker.fire_due(), state_of(desk, ticket)) == (1, "closed")


def test_d12_a_reply_after_it_closed_opens_a_ticket_that_follows(
    desk: EventLog, at: At, worker: TimerWorker, clock: Clock, db: Database
) -> None:
    ticket = solved(at)
    clock.now = START + WEEK
    worker.fire_due()
    come_back(at, desk, ticket, START + 2 * WEEK)
    follow_up = desk.get(tickets, ticket).state.followed_by
    assert follow_up
    assert desk.get(tickets, follow_up).state.follows == ticket
    assert state_of(desk, ticket) == "closed"


def test_the_ticket_of_an_erased_person_closes_too(desk: EventLog, at: At, worker: TimerWorker, clock: Clock) -> None:
    ticket = solved(at)
    desk.keys.destroy(desk.get(tickets, ticket).state.contact)
    clock.now = START + WEEK
    assert (worker.fire_due(), state_of(desk, ticket)) == (1, "closed")
