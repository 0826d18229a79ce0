"""The embedded Kafka: it starts, keeps its messages, and runs only the jars of its lock file."""

import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from crm.chassis.embedded.jars import LOCK, WrongJar, default_cache, kafka_jars
from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.embedded.process import ServerFailed, free_port

TOPIC = "crm.tests.v1"
TIMEOUT_S = 20.0


@pytest.fixture
def kafka(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    with EmbeddedKafka(tmp_path) as kafka:
        yield kafka


def create_topic(kafka: EmbeddedKafka) -> None:
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap})
    for created in admin.create_topics([NewTopic(TOPIC, 1, 1)]).values():
        created.result(TIMEOUT_S)


def send(kafka: EmbeddedKafka, *values: bytes) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "enable.idempotence": True})
    for value in values:
        producer.produce(TOPIC, value)
    assert producer.flush(TIMEOUT_S) == 0


def receive(kafka: EmbeddedKafka, count: int, group: str = "crm.tests") -> list[bytes]:
    """Read `count` messages of the topic as a new member of the group, and commit them."""
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.bootstrap,
            "group.id": group,
            "group.protocol": "classic",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([TOPIC])
    try:
        values = [message.value() or b"" for message in consumer.consume(count, TIMEOUT_S)]
        if values:
            consumer.commit(asynchronous=False)
    finally:
        consumer.close()
    return values


def test_messages_survive_a_restart_and_a_kill_on_the_same_address(kafka: EmbeddedKafka) -> None:
    bootstrap = kafka.bootstrap
    create_topic(kafka)
    send(kafka, b"first")
    kafka.stop()
    kafka.start()
    assert receive(kafka, 1) == [b"first"]
    send(kafka, b"second")
    kafka.kill()
    kafka.start()
    assert receive(kafka, 1) == [b"second"], "The group goes on where it was before the kill."
    assert receive(kafka, 2, group="crm.newcomer") == [b"first", b"second"]
    assert kafka.bootstrap == bootstrap


def test_a_new_object_on_the_same_folder_finds_the_topics(tmp_path: Path) -> None:
    with EmbeddedKafka(tmp_path) as kafka:
        create_topic(kafka)
        send(kafka, b"kept")
    with EmbeddedKafka(tmp_path) as again:
        assert again.bootstrap == kafka.bootstrap
        assert receive(again, 1) == [b"kept"]


def test_topics_are_not_made_by_accident(kafka: EmbeddedKafka) -> None:
    failures: list[KafkaError | None] = []
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "topic.metadata.propagation.max.ms": 1})
    producer.produce("crm.unknown.v1", b"lost", on_delivery=lambda error, _: failures.append(error))
    assert producer.flush(TIMEOUT_S) == 0
    assert [error and error.code() for error in failures] == [KafkaError.UNKNOWN_TOPIC_OR_PART]


def test_paused_it_acknowledges_nothing_until_it_is_resumed(kafka: EmbeddedKafka) -> None:
    create_topic(kafka)
    delivered = threading.Event()
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    kafka.pause()
    producer.produce(TOPIC, b"patient", on_delivery=lambda *_: delivered.set())
    assert producer.flush(1) == 1
    assert not delivered.is_set()
    kafka.resume()
    assert producer.flush(TIMEOUT_S) == 0
    assert receive(kafka, 1) == [b"patient"]


def test_it_stops_even_when_paused_and_leaves_no_process_behind(kafka: EmbeddedKafka) -> None:
    process = psutil.Process(kafka.pid)
    kafka.pause()
    kafka.stop()
    assert not process.is_running()
    with pytest.raises(KafkaException):
        AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=0.5)


def test_a_second_node_in_the_same_folder_is_refused_with_the_reason(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match="Another process runs Kafka"):
        EmbeddedKafka(tmp_path, free_port()).start()
    AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=TIMEOUT_S)


def test_a_taken_port_is_named(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    with pytest.raises(ServerFailed, match=f"Port {kafka.port} .* is taken"):
        EmbeddedKafka(tmp_path / "other", kafka.port).start()


def test_a_jar_with_another_checksum_is_refused_by_name(tmp_path: Path) -> None:
    for jar in kafka_jars(default_cache()):
        (tmp_path / jar.name).symlink_to(jar)
    tampered = tmp_path / "kafka_2.13-4.3.1.jar"
    tampered.unlink()
    tampered.write_bytes(b"not what it was")
    with pytest.raises(WrongJar, match=r"kafka_2\.13-4\.3\.1\.jar has the SHA-256"):
        EmbeddedKafka(tmp_path / "kafka", jar_cache=tmp_path).start()


def test_a_downloaded_jar_that_the_lock_file_does_not_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = tmp_path / "stranger-1.0.jar"
    stranger.write_bytes(b"who am I?")
    monkeypatch.setattr("crm.chassis.embedded.jars._resolve", lambda _: [stranger])
    with pytest.raises(WrongJar, match=r"stranger-1\.0\.jar .* nothing about it"):
        kafka_jars(tmp_path / "cache")
    assert list((tmp_path / "cache").glob("*.jar")) == []


def test_a_jar_that_was_not_downloaded_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.chassis.embedded.jars._resolve", lambda _: [])
    with pytest.raises(WrongJar, match=r"not found: .*kafka-clients"):
        kafka_jars(tmp_path, LOCK)
