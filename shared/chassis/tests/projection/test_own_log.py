"""Views over the real log: what is appended is shown, once; rebuilt while appends go on; nothing is lost (I2, P5)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from threading import Event
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.projection import Bell, Feed, OwnLoop, Past, View, lag_of, prepare, rebuild, retry
from crm.chassis.projection.sources import Bookmark, LogHistory
from crm.chassis.projection.swapping import checksums
from crm.chassis.testing.facts import (
    BadgeFacts,
    MemberCounted,
    MemberJoined,
    MemberRenamed,
    count,
    join,
    members,
    rename,
)
from crm.chassis.testing.shelf import one
from crm.events import Personal, Recorded

me = Context(actor="user:ada", channel="web")


@dataclass(frozen=True)
class Badge:
    member: UUID
    name: Personal[str]
    counted: int = 0


def a_roll() -> View[Badge]:
    roll = View("roll", Badge, key="member", indexes=("counted, member",))

    @roll.on(MemberJoined)
    def add(_: Badge | None, e: Recorded[MemberJoined]) -> Badge:
        return Badge(e.stream, e.fact.name)

    @roll.on(MemberRenamed)
    def mark(badge: Badge, e: Recorded[MemberRenamed]) -> Badge:
        return replace(badge, name=e.fact.name)

    @roll.on(MemberCounted)
    def tally(badge: Badge, e: Recorded[MemberCounted]) -> Badge:
        if e.fact.count == 666:
            raise ValueError
        return replace(badge, counted=badge.counted + 1)

    return roll


@pytest.fixture
def wide(db: Database) -> Iterator[Database]:
    database = Database(db.dsn, max_size=8)
    yield database
    database.close()


@pytest.fixture
def log(wide: Database) -> EventLog:
    return EventLog("testing", PostgresStore(wide), MemoryKeys(), BadgeFacts)


def a_loop(db: Database, log: EventLog, *views: View[Badge]) -> OwnLoop:
    with db.connection() as connection:
        prepare(connection, views)
    return OwnLoop(log, [Feed(db, view, "testing", log.keys) for view in views])


def drain(loop: OwnLoop) -> None:
    while loop.turn():
        pass


def test_what_was_appended_is_shown(wide: Database, log: EventLog) -> None:
    roll, stream = a_roll(), uuid4()
    log.commands(me).execute(members, stream, partial(join, name="Ada", badge="7"))
    log.commands(me).execute(members, stream, partial(rename, name="Ada L."))
    log.commands(me).execute(members, stream, partial(count, times=3))
    drain(a_loop(wide, log, roll))
    assert roll.select(wide) == [Badge(stream, "Ada L.", 3)]
    (feed,) = [each for each in lag_of(wide, [roll])["roll_v1"].values() if each["consumed"]]  # type: ignore[attr-defined]
    assert (feed["lag_facts"], feed["adds_up"], feed["applied"]) == (0, True, 6)


def test_lag_is_told_in_facts_and_seconds(wide: Database, log: EventLog) -> None:
    roll = a_roll()
    loop = a_loop(wide, log, roll)
    for _ in range(3):
        log.commands(me).execute(members, uuid4(), partial(join, name="Ada"))
    feed = lag_of(wide, [roll])["roll_v1"]["testing"]  # type: ignore[index]
    assert feed["lag_facts"] == 3
    assert feed["lag_s"] > 0
    drain(loop)
    assert lag_of(wide, [roll])["roll_v1"]["testing"]["lag_facts"] == 0  # type: ignore[index]


def test_i1_nothing_is_missed_while_four_append_and_a_view_follows(wide: Database, log: EventLog) -> None:
    roll, stop = a_roll(), Event()
    loop = a_loop(wide, log, roll)
    streams = [uuid4() for _ in range(8)]

    def append(stream: UUID) -> None:
        log.commands(me).execute(members, stream, partial(join, name="Ada"))
        for _ in range(10):
            log.commands(me).execute(members, stream, partial(count, times=2))

    with ThreadPoolExecutor(5) as pool, Bell(wide.dsn, "own") as bell:
        following = pool.submit(loop.run, bell, stop)
        list(pool.map(append, streams))
        for _ in range(200):
            if one(wide, "SELECT coalesce(sum(version), 0) FROM applied") == 8 * 21:
                break
            bell_wait(wide)
        stop.set()
        following.result(20)
    assert {badge.counted for badge in roll.select(wide)} == {20}
    assert one(wide, "SELECT sum(repeats) FROM checkpoints") == 0
    assert one(wide, "SELECT count(*) FROM parked") == 0


def bell_wait(db: Database) -> None:
    with db.connection() as connection:
        connection.execute("LISTEN applied")
        list(connection.notifies(timeout=0.1, stop_after=1))
        connection.execute("UNLISTEN applied")


def test_p5_a_view_is_rebuilt_from_the_log_while_appends_go_on(wide: Database, log: EventLog) -> None:
    roll, stop = a_roll(), Event()
    loop = a_loop(wide, log, roll)
    streams = [uuid4() for _ in range(30)]
    for stream in streams:
        log.commands(me).execute(members, stream, partial(join, name="Ada"))
        log.commands(me).execute(members, stream, partial(count, times=4))
    drain(loop)

    def go_on() -> int:
        appended = 0
        while not stop.is_set():
            log.commands(me).execute(members, streams[appended % 30], partial(count, times=1))
            loop.turn()
            appended += 1
        return appended

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(go_on)
        result = rebuild(wide, roll, log.keys, Past("testing", LogHistory(wide), log), actor="user:ops", chunk=20)
        stop.set()
        appended = writing.result(30)
    drain(loop)
    assert result.facts >= 150
    assert sum(badge.counted for badge in roll.select(wide)) == 120 + appended
    with wide.connection() as connection:
        live = checksums(connection, roll)
    rebuild(wide, roll, log.keys, Past("testing", LogHistory(wide), log), actor="user:ops")
    with wide.connection() as connection:
        assert checksums(connection, roll) == live
    assert one(wide, "SELECT count(*) FROM rebuilds WHERE finished_at IS NOT NULL") == 2


def test_a_batch_holds_no_reader_back_before_it_writes(wide: Database, log: EventLog) -> None:
    """Waiting, reading and folding take no transaction id, so the horizon moves on meanwhile."""
    roll, stream = a_roll(), uuid4()
    seen: list[int] = []
    log.commands(me).execute(members, stream, partial(join, name="Ada"))

    @roll.on(MemberJoined)
    def look(badge: Badge | None, e: Recorded[MemberJoined]) -> Badge | None:
        log.commands(me).execute(members, uuid4(), partial(join, name="Bob"))
        seen.append(len(log.read(None, 10)))
        return badge

    a_loop(wide, log, roll).turn()
    assert seen == [2]


def test_a_retry_reads_the_stream_from_the_log(wide: Database, log: EventLog) -> None:
    roll, stream = a_roll(), uuid4()
    log.commands(me).execute(members, stream, partial(join, name="Ada"))
    log.commands(me).execute(members, stream, partial(count, times=3))
    with wide.connection() as connection:
        prepare(connection, [roll])
    feed = Feed(wide, roll, "testing", log.keys)
    feed.open()
    history = LogHistory(wide)
    whole = history.reread(stream, 0)
    feed.take([whole[0], *whole[2:]])
    result = retry(feed, reread=history.reread)
    assert (result.applied, result.waiting) == (3, 0)
    assert roll.select(wide)[0].counted == 3


def test_the_past_is_read_by_streams_up_to_a_position_and_never_beyond(wide: Database, log: EventLog) -> None:
    for _ in range(5):
        log.commands(me).execute(members, uuid4(), partial(join, name="Ada", badge=None))
    history = LogHistory(wide)
    until = history.end()
    assert until is not None
    log.commands(me).execute(members, uuid4(), partial(join, name="Late"))
    first = history.page(None, until, 3)
    last = first[-1]
    rest = history.page(Bookmark(last.stream, last.version), until, 10)
    found = [each.stream for each in (*first, *rest)]
    assert len(found) == 5
    assert found == sorted(found)
