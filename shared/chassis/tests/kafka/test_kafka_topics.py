"""Topics on a real Kafka: declared once, kept for ever, recognised again."""

from uuid import UUID, uuid4

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]

from crm.chassis.kafka import (
    KafkaUnavailable,
    PartitionsDiffer,
    TopicMissing,
    declare_topic,
    describe_topic,
    end_offsets,
    find_topic,
    topic_id,
    topic_of,
)
from crm.chassis.testing.backends import KafkaBackend


@pytest.fixture
def service() -> str:
    return f"t{uuid4().hex}"


def test_a_topic_is_declared_once_and_keeps_its_id(kafka_server: KafkaBackend, service: str) -> None:
    made = declare_topic(kafka_server.bootstrap, service)
    assert declare_topic(kafka_server.bootstrap, service) == made == topic_id(kafka_server.bootstrap, topic_of(service))
    assert str(UUID(made)) == made
    assert describe_topic(kafka_server.bootstrap, topic_of(service)).partitions == 6
    assert end_offsets(kafka_server.bootstrap, topic_of(service)) == dict.fromkeys(range(6), 0)


def test_records_are_kept_for_ever(kafka_server: KafkaBackend, service: str) -> None:
    declare_topic(kafka_server.bootstrap, service, 1)
    admin = AdminClient({"bootstrap.servers": kafka_server.bootstrap})
    (future,) = admin.describe_configs([ConfigResource(ResourceType.TOPIC, topic_of(service))]).values()
    settings = future.result(10)
    assert settings["retention.ms"].value == "-1"
    assert settings["retention.bytes"].value == "-1"
    assert settings["cleanup.policy"].value == "delete"


def test_another_number_of_partitions_is_refused_with_what_to_do(kafka_server: KafkaBackend, service: str) -> None:
    declare_topic(kafka_server.bootstrap, service, 3)
    with pytest.raises(PartitionsDiffer, match="has 3 partitions and should have 6.*RAPPORT_PARTITIONS to 3"):
        declare_topic(kafka_server.bootstrap, service)


def test_a_recreated_topic_has_another_id(kafka_server: KafkaBackend, service: str) -> None:
    before = declare_topic(kafka_server.bootstrap, service, 1)
    admin = AdminClient({"bootstrap.servers": kafka_server.bootstrap})
    admin.delete_topics([topic_of(service)])[topic_of(service)].result(10)
    assert find_topic(kafka_server.bootstrap, topic_of(service)) is None
    assert declare_topic(kafka_server.bootstrap, service, 1) != before


def test_what_is_not_there_is_told_apart(kafka_server: KafkaBackend, service: str) -> None:
    with pytest.raises(TopicMissing, match=topic_of(service)):
        end_offsets(kafka_server.bootstrap, topic_of(service))
    with pytest.raises(KafkaUnavailable):
        find_topic("127.0.0.1:9", topic_of(service))
