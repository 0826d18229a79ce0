"""What runs: the own log for several subscribers, topics for one, each going on when others cannot."""

from collections.abc import Mapping, Sequence
from threading import Event, Thread
from unittest.mock import Mock
from uuid import UUID, uuid4

import psycopg
import pytest

from crm.chassis.database import Database
from crm.chassis.projection import Bell, Delivery, Feed, Follower, Mark, Outcome, OwnLoop, TopicLoop, prepare, resume
from crm.chassis.projection.consistency import ViewConsistency, state
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.lanes import Lane
from crm.chassis.projection.loops import Starts
from crm.chassis.projection.waking import Teller
from crm.chassis.testing.shelf import BookAdded, BookLent, a_shelf, feed_of, one, rows_of
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Fact, Recorded


def test_each_subscriber_of_the_own_log_has_its_own_place(db: Database) -> None:
    records, book = Records(), uuid4()
    left, right = a_shelf("left"), a_shelf("right")
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    feed_of(db, records, left).take(from_log(records.log[:1]))
    loop = OwnLoop(records, [feed_of(db, records, left), feed_of(db, records, right)])
    assert loop.turn()
    assert not loop.turn()
    assert rows_of(db, left) == rows_of(db, right)
    assert rows_of(db, right)[book].lent == 1


def test_a_subscriber_that_cannot_go_on_holds_up_no_other(db: Database) -> None:
    records, book, shelf = Records(), uuid4(), a_shelf()
    records.record(book, BookAdded("Dune"))

    def away(e: Recorded[Fact]) -> None:
        raise psycopg.OperationalError("the mail gateway's database is away")

    policy = Follower("mailing", frozenset({"crm.shelf.book-added.v1"}), away)
    with db.connection() as connection:
        prepare(connection, [policy])
    feed = Feed(db, policy, "shelf", records.keys)
    loop = OwnLoop(records, [feed, feed_of(db, records, shelf)])
    assert loop.turn()
    assert not loop.turn()
    assert rows_of(db, shelf)[book].title == "Dune"
    assert one(db, "SELECT count(*) FROM parked") == 0


def test_a_lane_waits_ever_longer_and_starts_again_at_once_when_it_works(db: Database) -> None:
    records, shelf, now = Records(), a_shelf(), [100.0]
    records.record(uuid4(), BookAdded("Dune", "Ada"))
    feed = feed_of(db, records, shelf)
    lane = Lane(feed, clock=lambda: now[0])
    assert lane.is_due
    keys, feed.opener._keys = feed.opener._keys, _Away()  # type: ignore[assignment]
    waits = []
    for _ in range(12):
        assert not lane.take(from_log(records.log))
        asleep = 0.0
        while not lane.is_due:
            now[0] += 0.01
            asleep += 0.01
        waits.append(asleep)
    assert waits[0] < 0.1
    assert 5 < max(waits) < 16
    feed.opener._keys = keys
    assert lane.take(from_log(records.log))


class _Away:
    def prefetch(self, subjects: object) -> None:
        raise psycopg.OperationalError("away")


def test_batches_shrink_while_they_take_long_and_grow_again(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for _ in range(4):
        records.record(uuid4(), BookAdded("Dune"))
    seen: list[int] = []
    lane = Lane(feed_of(db, records, shelf), lambda outcome: seen.append(outcome.consumed))
    assert lane.is_due
    assert lane.take(from_log(records.log[:2]))
    slow = Lane(lane.feed)
    slow._done(_took(from_log(records.log), 2.0))
    assert slow.limit == 1
    slow._done(_took(from_log(records.log), 0.001))
    assert slow.limit == 2
    assert seen == [2]


def _took(facts: Sequence[Delivery], seconds: float) -> Outcome:
    return Outcome("shelf_v1", "shelf", facts, seconds=seconds)


class ListStream:
    """A topic from a list, as a consumer group member sees it."""

    def __init__(self, facts: Sequence[Delivery], starts: Starts) -> None:
        self.facts, self._starts = facts, starts
        self.joined: list[Mapping[int, Mark]] = []
        self.committed: list[Mapping[int, Mark]] = []
        self.away = False
        self._at: dict[int, int] | None = None

    def read(self, limit: int, timeout_s: float) -> Mapping[str, Sequence[Delivery]]:
        if self.away:
            raise SourceAway("no broker")
        if self._at is None:
            marks = self._starts("shelf", "a topic")
            self.joined.append(dict(marks))
            self._at = {shard: mark.number for shard, mark in marks.items()}
        page = [each for each in self.facts if each.mark.number > self._at.get(each.shard, 0)][:limit]
        for each in page:
            self._at[each.shard] = each.mark.number
        return {"shelf": page} if page else {}

    def commit(self, service: str, marks: Mapping[int, Mark]) -> None:
        self.committed.append(dict(marks))

    def close(self) -> None:
        self._at = None


def a_topic_loop(db: Database, records: Records, facts: Sequence[Delivery]) -> tuple[TopicLoop, ListStream]:
    streams: list[ListStream] = []

    def opened(starts: Starts) -> ListStream:
        streams.append(ListStream(facts, starts))
        return streams[0]

    loop = TopicLoop(opened, [feed_of(db, records, a_shelf())])
    return loop, streams[0]


def test_a_topic_is_followed_from_the_marks_in_the_database_and_committed_afterwards(db: Database) -> None:
    records = Records()
    for _ in range(10):
        records.record(uuid4(), BookAdded("Dune"))
    facts = from_topic(records.log, partitions=3)
    feed_of(db, records, a_shelf()).take(facts[:4])
    loop, stream = a_topic_loop(db, records, facts)
    while loop.turn(0):
        pass
    assert len(rows_of(db, a_shelf())) == 10
    ends = {each.shard: each.mark for each in facts}
    assert stream.committed[-1] == ends
    assert sum(mark.number for mark in stream.joined[0].values()) == 4


def test_after_another_worker_took_over_reading_starts_at_its_marks(db: Database) -> None:
    records = Records()
    for _ in range(6):
        records.record(uuid4(), BookAdded("Dune"))
    facts = from_topic(records.log)
    loop, stream = a_topic_loop(db, records, facts[:3])
    assert loop.turn(0)
    feed_of(db, records, a_shelf()).take(facts[3:5])
    stream.facts = facts
    assert not loop.turn(0)
    assert loop.turn(0)
    assert (len(rows_of(db, a_shelf())), one(db, "SELECT sum(repeats) FROM checkpoints")) == (6, 0)
    assert [sum(m.number for m in marks.values()) for marks in stream.joined] == [0, 5]


def test_a_loop_that_fails_leaves_its_group(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the process would neither go on nor end: see `Consumer`."""
    records = Records()
    records.record(uuid4(), BookAdded("Dune"))
    loop, stream = a_topic_loop(db, records, from_topic(records.log))
    monkeypatch.setattr(stream, "commit", Mock(side_effect=ZeroDivisionError))
    with pytest.raises(ZeroDivisionError):
        loop.run(Teller(lambda: None), Event())
    assert stream.joined
    assert stream._at is None


def test_no_kafka_is_waited_for(db: Database) -> None:
    records = Records()
    records.record(uuid4(), BookAdded("Dune"))
    loop, stream = a_topic_loop(db, records, from_topic(records.log))
    stream.away = True
    assert not loop.turn(0)
    stream.away = False
    assert loop.turn(0)


def test_a_stopped_view_reads_nothing_until_it_is_resumed(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.chassis.projection.lanes.STOPPED_DELAY_S", 0.0)
    records = Records()
    for _ in range(5):
        records.record(uuid4(), BookAdded("Sick"), BookLent(uuid4(), "poison"))
    facts = from_topic(sorted(records.log, key=lambda each: each.version))
    loop, stream = a_topic_loop(db, records, facts)
    assert not loop.turn(0)
    assert not loop.turn(0)
    assert len(stream.joined) == 1
    with db.connection() as connection:
        resume(connection, "shelf_v1", lenient=True)
    assert loop.turn(0)
    assert one(db, "SELECT count(*) FROM parked") == 5


def test_only_one_process_leads_a_loop_and_another_takes_over(db: Database) -> None:
    with Bell(db.dsn, "own") as first, Bell(db.dsn, "own") as second, Bell(db.dsn, "policies") as other:
        assert first.leads
        assert not second.leads
        assert other.leads
        first.close()
        assert second.leads


def test_a_loop_hears_of_news_and_tells_of_what_it_applied(db: Database) -> None:
    records, stop = Records(), Event()
    stream = uuid4()
    loop = OwnLoop(records, [feed_of(db, records, a_shelf())])
    with Bell(db.dsn, "own") as bell, psycopg.connect(db.dsn, autocommit=True) as listener:
        listener.execute("LISTEN applied")
        thread = Thread(target=loop.run, args=(bell, stop))
        thread.start()
        records.record(stream, BookAdded("Dune"))
        with db.connection() as connection:
            connection.execute("NOTIFY log")
        heard = list(listener.notifies(timeout=20, stop_after=1))
        stop.set()
        thread.join(20)
    assert [each.channel for each in heard] == ["applied"]
    with db.connection() as connection:
        assert state(connection, "shelf_v1", [("shelf", stream, 1)]) == "applied"


def test_i8_a_view_knows_what_it_shows(db: Database) -> None:
    records, shelf, sick, well = Records(), a_shelf(), uuid4(), uuid4()
    records.record(sick, BookAdded("Sick"), BookLent(uuid4(), "poison"), BookLent(uuid4()))
    records.record(well, BookAdded("Well"))
    feed = feed_of(db, records, shelf)
    asked = ViewConsistency(db, [shelf])

    def is_now(stream: UUID, version: int, service: str = "shelf") -> str:
        return asked.state("shelf_v1", [(service, stream, version)])

    assert is_now(well, 1) == "behind"
    assert asked.state("shelf_v1", []) == "applied"
    feed.take(from_log(records.log))
    assert (is_now(well, 1), is_now(well, 2)) == ("applied", "behind")
    assert (is_now(sick, 1), is_now(sick, 2), is_now(sick, 3)) == ("applied", "parked", "parked")
    assert asked.state("shelf_v1", [("shelf", well, 1), ("shelf", sick, 2)]) == "parked"
    assert is_now(uuid4(), 5, service="a service this view does not follow") == "applied"
    with pytest.raises(LookupError):
        asked.state("nothing_v1", [])
