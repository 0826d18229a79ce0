"""Where something may stand besides databases: what is on Kafka as it is, and the files that the suite writes."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from tests.integration.running_suite import RunningSuite

SERVICES = ("contacts", "sales", "service-desk", "campaigns", "analytics")


def raw_records(suite: RunningSuite) -> Iterator[bytes]:
    """Everything on Kafka, keys and headers included."""
    consumer = Consumer({"bootstrap.servers": suite.described["kafka"], "group.id": f"test-{uuid4()}"})
    try:
        for service in SERVICES:
            topic = consumer.list_topics(f"crm.{service}.v1", timeout=10).topics[f"crm.{service}.v1"]
            for number in topic.partitions:
                place = TopicPartition(topic.topic, number, 0)
                left = consumer.get_watermark_offsets(place)[1]
                consumer.assign([place])
                while left > 0:
                    for message in consumer.consume(min(left, 500), 10):
                        left -= 1
                        yield (message.key() or b"") + (message.value() or b"") + repr(message.headers()).encode()
    finally:
        consumer.close()


def files(suite: RunningSuite) -> Iterator[tuple[str, bytes]]:
    """Log files and traces, with their content."""
    for path in [*Path(suite.folder, "logs").rglob("*"), *Path(suite.folder, "traces").rglob("*")]:
        if path.is_file():
            yield str(path), path.read_bytes()
