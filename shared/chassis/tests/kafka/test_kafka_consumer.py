"""Sending and receiving on a real Kafka: order, offsets from elsewhere, partitions that come and go."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Producer as AnyProducer
from confluent_kafka import murmur2

from crm.chassis.kafka import (
    Consumer,
    MalformedRecord,
    OffsetsLost,
    Partition,
    Producer,
    Received,
    declare_topic,
    end_offsets,
    read_topic,
    to_record,
    topic_of,
)
from crm.chassis.testing.backends import KafkaBackend
from crm.events import Sealed

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def fact(stream: UUID, version: int) -> Sealed:
    return Sealed(
        stream=stream, version=version, append_id=uuid4(), partition_key=stream, occurred_at=NOW, recorded_at=NOW,
        actor="user:a", channel="api", correlation_id="c", type="crm.testing.x.v1", value=b"{}",
    )  # fmt: skip


@pytest.fixture
def topic(kafka_server: KafkaBackend) -> str:
    service = f"t{uuid4().hex}"
    declare_topic(kafka_server.bootstrap, service, 3)
    return topic_of(service)


@pytest.fixture
def send(kafka_server: KafkaBackend, topic: str) -> Iterator[Callable[[Sequence[Sealed]], Mapping[int, int]]]:
    """Sends facts and returns the highest offset by partition."""
    producer = Producer(kafka_server.bootstrap)

    def send(facts: Sequence[Sealed]) -> Mapping[int, int]:
        receipt = producer.send(topic, map(to_record, facts))
        while receipt.outstanding:
            assert producer.poll(10), "Kafka did not answer in time"
        assert receipt.error is None
        return receipt.highest

    yield send
    producer.abandon()


Send = Callable[[Sequence[Sealed]], Mapping[int, int]]


@pytest.fixture
def member(kafka_server: KafkaBackend) -> Iterator[Callable[[], Consumer]]:
    group = f"crm.{uuid4().hex}"
    members: list[Consumer] = []

    def join() -> Consumer:
        members.append(Consumer(kafka_server.bootstrap, group))
        return members[-1]

    yield join
    for each in members:
        each.close()


def read(consumer: Consumer, wanted: int, turns: int = 60) -> list[Received]:
    """Reads until there are so many records, at most half a minute."""
    records: list[Received] = []
    for _ in range(turns):
        records += consumer.read(100, 0.5)
        if len(records) >= wanted:
            return records
    raise AssertionError(f"{len(records)} of {wanted} records arrived")


def facts_of(records: Sequence[Received]) -> list[Sealed]:
    return [each.fact for each in records if isinstance(each.fact, Sealed)]


def test_each_stream_stays_in_order_in_the_partition_all_clients_agree_on(
    kafka_server: KafkaBackend, topic: str, send: Send
) -> None:
    streams = [uuid4() for _ in range(20)]
    send([fact(stream, version) for version in range(1, 6) for stream in streams])
    records = list(read_topic(kafka_server.bootstrap, topic))
    for stream in streams:
        mine = [each for each in records if isinstance(each.fact, Sealed) and each.fact.stream == stream]
        assert [each.fact.version for each in mine if isinstance(each.fact, Sealed)] == [1, 2, 3, 4, 5]
        assert {each.partition for each in mine} == {murmur2(str(stream).encode(), 3)}


def test_receipts_hold_the_offsets(kafka_server: KafkaBackend, topic: str, send: Send) -> None:
    highest = send([fact(uuid4(), 1) for _ in range(50)])
    ends = end_offsets(kafka_server.bootstrap, topic)
    assert {partition: offset + 1 for partition, offset in highest.items()} == {
        p: end for p, end in ends.items() if end
    }


def test_reading_starts_where_the_callback_says_not_where_the_group_committed(
    topic: str, send: Send, member: Callable[[], Consumer]
) -> None:
    stream = uuid4()
    send([fact(stream, version) for version in range(1, 11)])
    partition = Partition(topic, murmur2(str(stream).encode(), 3))
    first = member()
    first.subscribe([topic], lambda _: {})
    assert len(read(first, 10)) == 10
    first.commit({partition: 10})
    first.close()
    second = member()
    second.subscribe([topic], lambda _: {partition: 4})
    assert [each.version for each in facts_of(read(second, 6))] == [5, 6, 7, 8, 9, 10]


def test_partitions_are_shared_and_handed_over(topic: str, send: Send, member: Callable[[], Consumer]) -> None:
    revoked: list[Partition] = []
    first, second = member(), member()
    first.subscribe([topic], lambda _: {}, revoked.extend)
    assert first.read(10, 0.1) == []
    second.subscribe([topic], lambda _: {})
    for _ in range(100):
        first.read(10, 0.2)
        second.read(10, 0.2)
        if first.assigned and second.assigned and len(first.assigned) + len(second.assigned) == 3:
            break
    assert {*first.assigned, *second.assigned} == {Partition(topic, number) for number in range(3)}
    assert not set(first.assigned) & set(second.assigned)
    assert set(revoked).isdisjoint(first.assigned)


def test_what_was_fetched_of_a_partition_that_is_taken_away_is_left_to_its_new_reader(
    topic: str, send: Send, member: Callable[[], Consumer]
) -> None:
    consumer = member()
    consumer.subscribe([topic], lambda _: {})
    while not consumer.assigned:
        consumer.read(1, 0.1)
    send([fact(uuid4(), 1)])
    fetched = consumer._client.poll(10)
    assert fetched is not None
    assert len(list(consumer._received([fetched]))) == 1
    consumer._mine.clear()
    assert list(consumer._received([fetched])) == []


def test_seeking_goes_back(topic: str, send: Send, member: Callable[[], Consumer]) -> None:
    stream = uuid4()
    send([fact(stream, version) for version in range(1, 6)])
    consumer = member()
    consumer.subscribe([topic], lambda _: {})
    read(consumer, 5)
    consumer.seek({Partition(topic, murmur2(str(stream).encode(), 3)): 3})
    assert [each.version for each in facts_of(read(consumer, 2))] == [4, 5]


def test_an_offset_the_topic_does_not_have_is_told_not_replaced(
    topic: str, send: Send, member: Callable[[], Consumer]
) -> None:
    stream = uuid4()
    send([fact(stream, 1)])
    consumer = member()
    consumer.subscribe([topic], lambda partitions: dict.fromkeys(partitions, 1_000))
    with pytest.raises(OffsetsLost, match=f"{topic} partition"):
        read(consumer, 1)


def test_a_callback_that_fails_reads_nothing_and_is_told(
    topic: str, send: Send, member: Callable[[], Consumer]
) -> None:
    def away(_: Sequence[Partition]) -> Mapping[Partition, int]:
        raise ConnectionError("the database is away")

    send([fact(uuid4(), 1)])
    consumer = member()
    consumer.subscribe([topic], away)
    with pytest.raises(ConnectionError, match="the database is away"):
        read(consumer, 1)
    assert not consumer.assigned


def test_a_record_that_is_no_fact_arrives_as_such_and_the_next_ones_follow(
    kafka_server: KafkaBackend, topic: str, send: Send
) -> None:
    stream = uuid4()
    send([fact(stream, 1)])
    stranger = AnyProducer({"bootstrap.servers": kafka_server.bootstrap, "partitioner": "murmur2_random"})
    stranger.produce(topic, b"?", str(stream).encode())
    assert stranger.flush(10) == 0
    send([fact(stream, 2)])
    kinds = [type(each.fact) for each in read_topic(kafka_server.bootstrap, topic)]
    assert kinds == [Sealed, MalformedRecord, Sealed]


def test_one_that_was_forgotten_while_it_joins_is_closed_and_told_of(kafka_server: KafkaBackend, topic: str) -> None:
    """Its client alone would hang whoever collects it: librdkafka's thread waits for an answer to the assignment."""
    for waiting_s in (0.0, 0.1):
        forgotten = Consumer(kafka_server.bootstrap, f"crm.{uuid4().hex}")
        forgotten.subscribe([topic], lambda _: {})
        forgotten.read(1, waiting_s)
        with pytest.warns(ResourceWarning, match="not closed"):
            del forgotten
            gc.collect()
