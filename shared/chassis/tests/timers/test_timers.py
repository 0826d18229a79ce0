"""Timers fire once, at their time, on the state of then; in virtual time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.migrations import migrate
from crm.chassis.testing.facts import (
    BadgeFacts,
    Member,
    MemberCounted,
    RenewalPlanned,
    count,
    join,
    members,
    plan_renewal,
)
from crm.chassis.timers import LEASE, Timer, TimerWorker

START = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Clock:
    now: datetime = START

    def __call__(self) -> datetime:
        return self.now


def renew(member: Member | None, *, due_at: datetime) -> tuple[MemberCounted | RenewalPlanned, ...] | None:
    if member is None or member.renewal != due_at:
        return None
    if member.name == "Eve":
        raise Rejected("Eve is not renewed.")
    return MemberCounted(count=member.count + 1), RenewalPlanned(due_at=due_at + timedelta(days=365))


@pytest.fixture
def place(database: str) -> Iterator[tuple[Database, EventLog]]:
    migrate(database)
    pool = Database(database)
    yield pool, EventLog("testing", PostgresStore(pool), MemoryKeys(), BadgeFacts)
    pool.close()


def planned(log: EventLog, due_at: datetime, name: str = "Ada") -> UUID:
    stream = uuid4()
    log.commands(Context("user:ada")).execute(members, stream, partial(join, name=name), occurred_at=START)
    log.commands(Context("user:ada")).execute(members, stream, partial(plan_renewal, due_at=due_at))
    return stream


def test_d6_a_late_worker_records_when_it_was_due(place: tuple[Database, EventLog]) -> None:
    database, log = place
    clock, due = Clock(), START + timedelta(days=1)
    worker = TimerWorker([Timer("renew", members, renew)], database, log, clock)
    stream = planned(log, due)
    assert worker.fire_due() == 0
    clock.now = due + timedelta(days=3)
    assert worker.fire_due() == 1
    fired = log.stream(stream)[2]
    assert (fired.occurred_at, fired.actor, fired.causation_id) == (due, "timer:renew", f"{stream}:2")
    assert log.get(members, stream).state.count == 1


def test_a_timer_that_schedules_itself_again_keeps_its_new_time(place: tuple[Database, EventLog]) -> None:
    database, log = place
    clock, due = Clock(START + timedelta(days=2)), START + timedelta(days=1)
    worker = TimerWorker([Timer("renew", members, renew)], database, log, clock)
    stream = planned(log, due)
    assert (worker.fire_due(), worker.fire_due()) == (1, 0)
    assert log.get(members, stream).state.renewal == due + timedelta(days=365)
    with database.connection() as connection:
        assert connection.execute("SELECT due_at FROM timers").fetchall() == [(due + timedelta(days=365),)]


def test_a_cancelled_timer_does_not_fire(place: tuple[Database, EventLog]) -> None:
    database, log = place
    stream = planned(log, START + timedelta(days=1))
    log.commands(Context("user:ada")).execute(members, stream, partial(plan_renewal, due_at=None))
    worker = TimerWorker([Timer("renew", members, renew)], database, log, Clock(START + timedelta(days=9)))
    assert worker.fire_due() == 0


def test_a_refused_timer_is_done(place: tuple[Database, EventLog]) -> None:
    database, log = place
    planned(log, START + timedelta(days=1), name="Eve")
    worker = TimerWorker([Timer("renew", members, renew)], database, log, Clock(START + timedelta(days=9)))
    assert (worker.fire_due(), worker.fire_due()) == (1, 0)


def test_a_timer_killed_before_it_was_taken_off_fires_once_in_effect(place: tuple[Database, EventLog]) -> None:
    database, log = place
    clock = Clock(START + timedelta(days=2))
    stream = planned(log, START + timedelta(days=1))
    never_done = TimerWorker([Timer("renew", members, renew)], database, log, clock)
    never_done._done = lambda due: None  # type: ignore[method-assign]  # killed between the append and the delete
    assert never_done.fire_due() == 1
    clock.now += timedelta(days=1)
    TimerWorker([Timer("renew", members, renew)], database, log, clock).fire_due()
    assert log.get(members, stream).state.count == 1


def test_a_timer_fires_once_also_where_its_command_would_go_on_for_ever(place: tuple[Database, EventLog]) -> None:
    database, log = place
    clock = Clock(START + timedelta(days=2))
    stream = planned(log, START + timedelta(days=1))
    counting = Timer("renew", members, lambda member, *, due_at: count(member))
    never_done = TimerWorker([counting], database, log, clock)
    never_done._done = lambda due: None  # type: ignore[method-assign]  # killed between the append and the delete
    assert never_done.fire_due() == 1
    clock.now += timedelta(days=1)
    assert TimerWorker([counting], database, log, clock).fire_due() == 1
    assert log.get(members, stream).state.count == 1


def test_a_leased_timer_is_left_to_its_worker_until_the_lease_is_over(place: tuple[Database, EventLog]) -> None:
    database, log = place
    clock = Clock(START + timedelta(days=2))
    planned(log, START + timedelta(days=1))
    slow, other = (TimerWorker([Timer("renew", members, renew)], database, log, clock) for _ in range(2))
    slow._fire = lambda due: None  # type: ignore[method-assign]  # killed before it fired
    assert slow.fire_due() == 1
    assert other.fire_due() == 0
    clock.now += LEASE + timedelta(seconds=1)
    assert other.fire_due() == 1


def test_a_failing_timer_is_put_off_and_does_not_hold_others(place: tuple[Database, EventLog]) -> None:
    database, log = place
    broken = planned(log, START + timedelta(days=1), name="Broken")
    fine = planned(log, START + timedelta(days=1, hours=1))

    def fails(member: Member | None, *, due_at: datetime) -> MemberCounted:
        if member and member.name == "Broken":
            raise ZeroDivisionError
        return count(member)[0]

    worker = TimerWorker([Timer("renew", members, fails)], database, log, Clock(START + timedelta(days=2)))
    assert worker.fire_due() == 2
    assert log.get(members, fine).state.count == 1
    assert log.get(members, broken).state.count == 0
    with database.connection() as connection:
        row = connection.execute("SELECT last_error, attempts FROM timers WHERE stream = %s", (broken,)).fetchone()
    assert row == ("ZeroDivisionError", 1)


def test_two_workers_lease_different_timers(place: tuple[Database, EventLog]) -> None:
    database, log = place
    streams = [planned(log, START + timedelta(days=1)) for _ in range(6)]
    clock = Clock(START + timedelta(days=2))
    workers = [TimerWorker([Timer("renew", members, renew)], database, log, clock) for _ in range(2)]
    assert [worker.fire_due(limit=3) for worker in workers] == [3, 3]
    assert [log.get(members, stream).state.count for stream in streams] == [1] * 6
