"""What the producer promises the relay: all or nothing behind, and no gap."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from crm.chassis.kafka import KafkaRefused, KafkaUnavailable, Producer, end_offsets, to_record
from crm.chassis.kafka.records import Record
from crm.chassis.testing.backends import KafkaBackend
from crm.events import Sealed

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STREAM = uuid4()


def record(version: int, size: int) -> Record:
    return to_record(
        Sealed(
            stream=STREAM, version=version, append_id=uuid4(), partition_key=STREAM, occurred_at=NOW, recorded_at=NOW,
            actor="user:a", channel="api", correlation_id="c", type="crm.testing.x.v1", value=b"x" * size,
        )
    )  # fmt: skip


@pytest.fixture
def narrow_topic(kafka_server: KafkaBackend) -> str:
    """A topic that refuses what is larger than 900,000 bytes."""
    topic = f"crm.t{uuid4().hex}.v1"
    admin = AdminClient({"bootstrap.servers": kafka_server.bootstrap})
    admin.create_topics([NewTopic(topic, 1, config={"max.message.bytes": "900000"})])[topic].result(10)
    return topic


@pytest.fixture
def producer_at() -> Iterator[Callable[[str], Producer]]:
    made: list[Producer] = []

    def make(bootstrap: str) -> Producer:
        made.append(Producer(bootstrap))
        return made[-1]

    yield make
    for each in made:
        each.abandon()


def test_what_stands_behind_a_refused_record_does_not_overtake_it(
    kafka_server: KafkaBackend, narrow_topic: str, producer_at: Callable[[str], Producer]
) -> None:
    """They travel in requests of their own, which the broker would accept."""
    producer = producer_at(kafka_server.bootstrap)
    receipt = producer.send(narrow_topic, [record(n, 950_000 if n == 3 else 400_000) for n in range(1, 11)])
    for _ in range(30):  # those behind would take a fraction of this
        with suppress(KafkaRefused, KafkaUnavailable):
            producer.poll(0.1)
    assert isinstance(receipt.error, KafkaRefused)
    assert end_offsets(kafka_server.bootstrap, narrow_topic) == {0: 2}


def test_a_record_no_client_may_send_is_refused_at_once(
    kafka_server: KafkaBackend, narrow_topic: str, producer_at: Callable[[str], Producer]
) -> None:
    with pytest.raises(KafkaRefused, match="MSG_SIZE_TOO_LARGE"):
        producer_at(kafka_server.bootstrap).send(narrow_topic, [record(1, 2_000_000)])


def test_that_no_broker_answers_is_told(producer_at: Callable[[str], Producer]) -> None:
    producer = producer_at("127.0.0.1:9")
    receipt = producer.send("crm.nowhere.v1", [record(1, 10)])
    with pytest.raises(KafkaUnavailable):
        for _ in range(100):
            producer.poll(0.1)
    assert receipt.outstanding == 1, "it is neither delivered nor given up"
