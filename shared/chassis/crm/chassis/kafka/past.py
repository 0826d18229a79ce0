"""Reading what a topic holds already, apart from any group: for audits, rebuilds and tests."""

from collections.abc import Iterator, Mapping

from crm.chassis.kafka.connection import KafkaUnavailable
from crm.chassis.kafka.consumer import Consumer, Received
from crm.chassis.kafka.topics import Partition, end_offsets

MOST = 5_000
ANSWER_WITHIN_S = 10.0


def read_topic(bootstrap: str, topic: str, starts: Mapping[int, int] | None = None) -> Iterator[Received]:
    """Every record from the beginning, or from offsets by partition, to where the topic ends now.

    Those of one partition are in order. Raises `TopicMissing`, `KafkaUnavailable`.
    """
    ends = end_offsets(bootstrap, topic)
    begins = {number: (starts or {}).get(number, 0) for number in ends}
    missing = {number for number, end in ends.items() if begins[number] < end}
    with Consumer(bootstrap, "crm.reader") as consumer:
        consumer.assign({Partition(topic, number): begins[number] for number in missing})
        while missing:
            records = consumer.read(MOST, ANSWER_WITHIN_S)
            if not records:
                raise KafkaUnavailable(f"the topic {topic} does not answer")
            for record in records:
                if record.offset < ends[record.partition]:
                    yield record
                if record.offset + 1 >= ends[record.partition]:
                    missing.discard(record.partition)
