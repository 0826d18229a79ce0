"""The bare client of Kafka: the same records from memory, nothing read, decided or kept."""

import time
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition

from bench.path.crew import Told
from bench.path.lines import Pace
from bench.path.stage import SERVICE
from crm.chassis.database import Database
from crm.chassis.kafka import PARTITIONS, to_record, topic_of
from crm.chassis.log import PostgresStore

SETTINGS = {"enable.idempotence": True, "acks": "all", "linger.ms": 5, "queue.buffering.max.messages": 1_000_000}


def produce(told: Told, dsn: str, bootstrap: str, facts: int) -> float:
    """Sends the records of a log. Returns the seconds until the last was acknowledged."""
    records = [to_record(each) for each in PostgresStore(Database(dsn, max_size=1)).read(None, facts)]
    producer, topic, acknowledged = Producer(SETTINGS | {"bootstrap.servers": bootstrap}), topic_of(SERVICE), 0

    def report(error: object, _message: object) -> None:
        nonlocal acknowledged
        assert error is None
        acknowledged += 1

    began = told.ready()
    for number, (key, value, headers) in enumerate(records):
        as_given: Any = headers
        producer.produce(topic, value, key, on_delivery=report, headers=as_given)
        if number % 1_000 == 0:
            producer.poll(0)
    producer.flush(60)
    assert acknowledged == facts
    return time.monotonic() - began


def consume(told: Told, bootstrap: str, records: int) -> float:
    """Reads records and looks at none. Returns records per second."""
    consumer, pace = Consumer({"bootstrap.servers": bootstrap, "group.id": "bench.bare"}), Pace(records)
    consumer.assign([TopicPartition(topic_of(SERVICE), each, 0) for each in range(PARTITIONS)])
    told.ready()
    while not (pace.took(len(consumer.consume(1_000, 1.0))) or told.stop.is_set()):
        pass
    consumer.close()
    return pace.rate
