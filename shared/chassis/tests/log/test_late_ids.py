"""Transactions that take their id before they load: a retry behind a savepoint, a timer that leases and appends."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, LateLoad, PostgresStore
from crm.chassis.log.store import Append, NewFact
from crm.chassis.migrations import migrate
from crm.chassis.testing.facts import BadgeFacts, Member, MemberCounted, count, join, members, plan_renewal
from crm.chassis.testing.held import HeldTransaction
from crm.chassis.timers import Due, Timer, TimerWorker

START = datetime(2026, 6, 1, tzinfo=UTC)
DUE = START + timedelta(days=1)


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    migrate(database)
    opened = Database(database)
    yield opened
    opened.close()


def log_on(database: Database) -> EventLog:
    return EventLog("testing", PostgresStore(database), MemoryKeys(), BadgeFacts)


def test_a_retry_behind_a_savepoint_is_refused_for_its_transaction_has_an_id(db: Database) -> None:
    stream, held = uuid4(), HeldTransaction(db.dsn)
    fact = NewFact(stream, 1, "crm.testing.x.v1", b"{}", stream, (), None)
    store = PostgresStore(held)
    with held.connection() as connection:
        connection.execute("SAVEPOINT attempt")
        store.append(Append(uuid4(), (fact,), "user:a", "api", "c", None, None))
        connection.execute("ROLLBACK TO SAVEPOINT attempt")
    with pytest.raises(LateLoad):
        store.load([stream])
    held.rollback()
    held.close()


class Interrupted(TimerWorker):
    """A worker beside which somebody writes between the lease and the append."""

    meanwhile: Callable[[], object]

    def _fire(self, due: Due) -> None:
        self.meanwhile()
        super()._fire(due)


def test_i3_what_a_timer_appends_settles_behind_what_was_written_after_its_lease(db: Database) -> None:
    log, stream = log_on(db), uuid4()
    me = log.commands(Context("user:ada", occurred_at=START))
    me.execute(members, stream, partial(join, name="Ada"))
    me.execute(members, stream, partial(plan_renewal, due_at=DUE))

    def renew(member: Member | None, *, due_at: datetime) -> tuple[MemberCounted, ...]:
        return count(member)

    worker = Interrupted([Timer("renew", members, renew)], db, log, lambda: DUE)
    worker.meanwhile = partial(me.execute, members, stream, partial(count, times=1))
    assert worker.fire_due() == 1
    facts = log.read(None, 10)
    assert [(each.stream, each.version) for each in facts] == [(stream, n) for n in range(1, 5)]
    assert facts[-1].actor == "timer:renew"
    assert [each.position for each in facts] == sorted(each.position for each in facts if each.position)


def test_a_lease_is_no_open_transaction_and_holds_no_reader_back(db: Database) -> None:
    log, stream = log_on(db), uuid4()
    me = log.commands(Context("user:ada", occurred_at=START))
    me.execute(members, stream, partial(join, name="Ada"))
    me.execute(members, stream, partial(plan_renewal, due_at=DUE))
    seen: list[UUID] = []

    def look(member: Member | None, *, due_at: datetime) -> None:
        other = uuid4()
        me.execute(members, other, partial(join, name="Bob"))
        seen.extend(each.stream for each in log.read(None, 10) if each.stream == other)

    TimerWorker([Timer("renew", members, look)], db, log, lambda: DUE).fire_due()
    assert len(seen) == 1
