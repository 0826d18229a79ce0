"""Views over real topics: from the marks in the database, also after a rebuild, with records that are no facts."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from uuid import UUID, uuid4

import pytest
from confluent_kafka.admin import AdminClient

from crm.chassis.database import Database
from crm.chassis.kafka import (
    Consumer,
    KafkaRefused,
    KafkaUnavailable,
    Producer,
    Record,
    declare_topic,
    to_record,
    topic_of,
)
from crm.chassis.projection import Delivery, Past, TopicLoop, rebuild, retry
from crm.chassis.projection.places import begin_topic_anew
from crm.chassis.projection.sources import Bookmark, reread_topic
from crm.chassis.projection.swapping import checksums
from crm.chassis.projection.topics import KafkaHistory, KafkaStream, kafka_streams
from crm.chassis.testing.backends import KafkaBackend
from crm.chassis.testing.shelf import BookAdded, BookLent, a_shelf, adds_up, feed_of, one, rows_of
from crm.chassis.testing.views import Records
from crm.chassis.testing.waiting import eventually
from crm.events import Position, Sealed

TURNS = 60


@pytest.fixture(scope="module")
def bootstrap(kafka_server: KafkaBackend) -> str:
    return kafka_server.bootstrap


@pytest.fixture
def topic(bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A topic of its own for every test, under which the shelf's facts are found."""
    name = f"t{uuid4().hex}"
    monkeypatch.setattr("crm.chassis.projection.topics.topic_of", lambda service: topic_of(name))
    declare_topic(bootstrap, name, 3)
    return topic_of(name)


@pytest.fixture
def past(bootstrap: str) -> Iterator[KafkaHistory]:
    history = KafkaHistory(bootstrap)
    yield history
    history.close()


def send(bootstrap: str, topic: str, records: Sequence[Record]) -> None:
    producer = Producer(bootstrap)
    receipt = producer.send(topic, records)
    while receipt.outstanding:
        assert producer.poll(10), "Kafka did not answer in time"
    assert receipt.error is None


def loop_over(db: Database, records: Records, bootstrap: str) -> TopicLoop:
    return TopicLoop(kafka_streams(bootstrap, "reading", uuid4().hex, ["shelf"]), [feed_of(db, records, a_shelf())])


def follow(loop: TopicLoop, db: Database, consumed: int) -> None:
    for _ in range(TURNS):
        loop.turn()
        if one(db, "SELECT coalesce(sum(consumed), 0) FROM checkpoints") >= consumed:
            break
    loop._stream.close()
    assert one(db, "SELECT sum(consumed) FROM checkpoints") == consumed


def lent(records: Records, books: int = 30) -> list[UUID]:
    streams = [uuid4() for _ in range(books)]
    for stream in streams:
        records.record(stream, BookAdded("Dune", "Ada"))
    for stream in streams:
        records.record(stream, BookLent(uuid4(), "soon"))
    return streams


def test_a_view_follows_a_topic_and_goes_on_at_its_marks(db: Database, bootstrap: str, topic: str) -> None:
    records = Records()
    streams = lent(records)
    send(bootstrap, topic, [to_record(each) for each in records.log[:40]])
    follow(loop_over(db, records, bootstrap), db, 40)
    send(bootstrap, topic, [to_record(each) for each in records.log[40:]])
    follow(loop_over(db, records, bootstrap), db, 60)
    rows = rows_of(db, a_shelf())
    assert {rows[each].owner for each in streams} == {"Ada"}
    assert sum(row.lent for row in rows.values()) == 30
    assert one(db, "SELECT sum(repeats) FROM checkpoints") == 0
    assert adds_up(db)


def test_what_a_group_gives_to_somebody_who_does_nothing_is_read_without_the_group(
    db: Database, bootstrap: str, topic: str
) -> None:
    records, group = Records(), f"crm.reading.{uuid4().hex}"
    lent(records)
    send(bootstrap, topic, [to_record(each) for each in records.log])
    feed, done = feed_of(db, records, a_shelf()), Event()
    loop = TopicLoop(lambda starts: KafkaStream(bootstrap, group, ["shelf"], starts, look_every_s=0.5), [feed])

    def idle(member: Consumer) -> None:
        while not done.is_set():
            member.read(1, 0.1)

    with Consumer(bootstrap, group) as idler, ThreadPoolExecutor(1) as pool:
        idler.subscribe([topic], lambda partitions: {})
        eventually(lambda: idler.read(1, 0.1), within_s=20)
        idling = pool.submit(idle, idler)
        try:
            follow(loop, db, 60)
        finally:
            done.set()
        idling.result()
    assert adds_up(db)


def test_a_record_that_is_no_fact_is_kept_and_the_topic_goes_on(db: Database, bootstrap: str, topic: str) -> None:
    records = Records()
    streams = lent(records, 2)
    first, *others = [to_record(each) for each in records.log]
    wreck = Record(first.key, b"{}", [("content-type", b"application/json")])
    send(bootstrap, topic, [wreck, first, *others])
    follow(loop_over(db, records, bootstrap), db, 5)
    assert set(rows_of(db, a_shelf())) == set(streams)
    assert one(db, "SELECT error FROM parked") == "NotAFact"
    assert adds_up(db)


def test_a_view_is_rebuilt_from_a_topic(db: Database, bootstrap: str, topic: str, past: KafkaHistory) -> None:
    records, view = Records(), a_shelf()
    lent(records)
    send(bootstrap, topic, [to_record(each) for each in records.log])
    follow(loop_over(db, records, bootstrap), db, 60)
    with db.connection() as connection:
        before = checksums(connection, view)
        connection.execute("DELETE FROM shelf_v1")
    rebuild(db, view, records.keys, Past("reading", _Nothing(), Records(), past), actor="user:ops", chunk=7)
    with db.connection() as connection:
        assert checksums(connection, view) == before
    assert adds_up(db)


def test_a_retry_of_a_jump_reads_the_topic_again(db: Database, bootstrap: str, topic: str, past: KafkaHistory) -> None:
    records, torn = Records(), uuid4()
    records.record(torn, BookAdded("Torn"), BookLent(uuid4(), "a"), BookLent(uuid4(), "b"))
    send(bootstrap, topic, [to_record(each) for each in records.log])
    loop = loop_over(db, records, bootstrap)
    feed = feed_of(db, records, a_shelf())
    whole = past.read("shelf", *_first(past), 10)
    feed.take([whole[0], whole[2]])
    loop._stream.close()
    result = retry(feed, reread=reread_topic(past, "shelf", feed.open()))
    assert (result.applied, result.waiting) == (2, 0)
    assert rows_of(db, a_shelf())[torn].notes == ["a", "b"]


def _first(past: KafkaHistory) -> tuple[int, Position]:
    shard = next(shard for shard, end in past.ends("shelf").items() if end.number)
    return shard, Position(0, 0, 0)


class _Nothing:
    def end(self) -> None:
        return None

    def page(self, after: Bookmark | None, until: Position, limit: int) -> Sequence[Sealed]:
        return []


def test_the_end_of_a_topic_is_an_end(bootstrap: str, topic: str, past: KafkaHistory) -> None:
    records = Records()
    lent(records, 3)
    send(bootstrap, topic, [to_record(each) for each in records.log])
    found: list[Delivery] = []
    for shard in past.ends("shelf"):
        at = Position(0, 0, 0)
        while page := past.read("shelf", shard, at, 2):
            found += page
            at = page[-1].mark
    assert len(found) == 6


def test_a_topic_that_was_made_anew_is_refused_until_its_feeds_begin_anew(
    db: Database, bootstrap: str, topic: str
) -> None:
    """Places in the old topic mean nothing in the new one: going on there would pass over facts in silence."""
    records = Records()
    lent(records)
    sent = [to_record(each) for each in records.log]
    send(bootstrap, topic, [*sent, *sent])  # repeats: the old topic is longer than the new one will be
    follow(loop_over(db, records, bootstrap), db, 120)
    admin = AdminClient({"bootstrap.servers": bootstrap})
    admin.delete_topics([topic])[topic].result(10)
    remade = _made_anew(bootstrap, topic)
    new = uuid4()
    records.record(new, BookAdded("Emma"))
    send(bootstrap, topic, [*sent, to_record(records.log[-1])])
    loop = loop_over(db, records, bootstrap)
    for _ in range(5):
        assert not loop.turn()
    loop._stream.close()
    with db.connection() as connection:
        assert begin_topic_anew(connection, "shelf", remade, "user:ada") == 1
        assert begin_topic_anew(connection, "shelf", remade, "user:ada") == 0
    follow(loop_over(db, records, bootstrap), db, 181)
    assert new in rows_of(db, a_shelf())
    assert adds_up(db)


def _made_anew(bootstrap: str, topic: str) -> str:
    name = topic.split(".")[1]
    while True:  # the deletion is still under way for a moment
        try:
            return declare_topic(bootstrap, name, 3)
        except (KafkaRefused, KafkaUnavailable):
            continue
