"""Two weeks of timers in seconds: workers are killed and away meanwhile; nothing fires early, twice, or never."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import KeyringUnavailable, MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.service import Service
from crm.chassis.testing.services import Databases, empty
from crm.chassis.timers import LEASE, LONGEST_BACKOFF, Timer, TimerWorker
from crm.contacts.service import service as contacts
from crm.service_desk.service import service as desk
from tests.proving.calendar import BEGIN, END, Calendar, Happened, acts_before, arranged
from tests.proving.crashing import killed_at, steps

EACH = 50
LONGEST_AWAY = timedelta(hours=9)
FIRING = steps((PostgresStore, "load"), (PostgresStore, "append"), (TimerWorker, "_fire"), (TimerWorker, "_done"))


@dataclass
class Clock:
    now: datetime = BEGIN

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Office:
    """One service with its timers, whose worker may be killed; another one comes some hours later."""

    service: Service
    database: Database
    clock: Clock
    chance: random.Random
    kills: bool
    away_until: datetime = BEGIN
    killed: int = 0
    failed: int = 0
    log: EventLog = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.service.log(PostgresStore(self.database), MemoryKeys())
        self._timers = [Timer(each.name, each.aggregate, self._flaky(each.command)) for each in self.service.timers]

    def work(self) -> None:
        """Fires what is due, unless nobody is there."""
        if self.clock.now < self.away_until:
            return
        step = (
            self.chance.choice(FIRING) if self.kills and self.clock.now < END and self.chance.random() < 0.5 else None
        )
        worker = TimerWorker(self._timers, self.database, self.log, self.clock)
        ended = False
        with killed_at(step):
            while worker.fire_due():
                continue
            ended = True
        if not ended:
            self.killed += 1
            self.away_until = self.clock.now + LONGEST_AWAY * self.chance.choice((0, 0, self.chance.random()))

    @property
    def next(self) -> datetime:
        """When the next timer is due, or its lease is over, or somebody is there again."""
        after_lease = "coalesce(leased_until + interval '1 microsecond', due_at)"
        with self.database.connection() as connection:
            row = connection.execute(f"SELECT min(greatest(due_at, {after_lease})) FROM timers".encode()).fetchone()
        return max(row[0] if row and row[0] else END, self.away_until)

    @property
    def fired(self) -> dict[UUID, list[Happened]]:
        """By stream, what timers recorded, in the order of versions."""
        streams = {each.stream for each in self.log.read(None, 10_000)}
        return {
            stream: [(type(e.fact), e.occurred_at) for e in self.log.stream(stream) if e.actor.startswith("timer:")]
            for stream in streams
        }

    def _flaky(self, command: Callable[..., Any]) -> Callable[..., Any]:
        def decide(state: Any, *, due_at: datetime) -> Any:
            assert self.clock.now >= due_at, "a timer fires early"
            assert self.kills or self.clock.now == due_at, "a timer fires late, and nobody was away"
            if self.kills and self.clock.now < END and self.chance.random() < 0.2:
                self.failed += 1
                raise self.chance.choice((KeyringUnavailable("away"), ZeroDivisionError()))
            return command(state, due_at=due_at)

        return decide


@pytest.fixture
def offices(databases: Databases, request: pytest.FixtureRequest) -> Iterator[dict[str, Office]]:
    chance, clock = random.Random(request.param), Clock()
    opened = {each.name: Database(databases.of(each)) for each in (contacts, desk)}
    for database in opened.values():
        empty(database)
    yield {
        each.name: Office(each, opened[each.name], clock, chance, kills=request.param > 0) for each in (contacts, desk)
    }
    for database in opened.values():
        database.close()


def play(calendar: Calendar, offices: dict[str, Office], clock: Clock) -> None:
    """From one moment at which something happens to the next."""
    while clock.now < END:
        for act in acts_before(calendar, clock.now):
            commands = offices[act.service].log.commands(Context("user:kim", occurred_at=act.at))
            commands.execute(act.aggregate, act.stream, act.command)
        for office in offices.values():
            office.work()
        acts: Sequence[datetime] = [each.at for each in calendar.acts[:1]]
        clock.now = max(clock.now, min([*acts, *(office.next for office in offices.values())]))


@pytest.mark.parametrize("offices", range(4), indirect=True, ids=["nobody is killed", "seed 1", "seed 2", "seed 3"])
def test_two_weeks_of_timers_in_seconds(offices: dict[str, Office]) -> None:
    office = offices["contacts"]
    calendar, clock = arranged(office.chance, EACH), office.clock
    play(calendar, offices, clock)
    if office.kills:
        clock.now = END + LONGEST_AWAY + LONGEST_BACKOFF + LEASE  # everybody is back
        for each in offices.values():
            each.work()
        assert all(each.killed and each.failed for each in offices.values())
    found = offices["contacts"].fired | offices["service-desk"].fired
    in_time = {stream: [each for each in happened if each[1] < END] for stream, happened in found.items()}
    assert in_time == calendar.expected
