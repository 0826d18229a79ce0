"""Kafka, as this suite uses it. No other package knows the client.

Read `records` (a fact on the wire), `topics` (what a service's topic is), `producer`, `consumer`, `past`.
"""

from crm.chassis.kafka.connection import KafkaRefused, KafkaUnavailable
from crm.chassis.kafka.consumer import Consumer, OffsetsLost, Received
from crm.chassis.kafka.past import read_topic
from crm.chassis.kafka.producer import Producer, Receipt
from crm.chassis.kafka.records import MalformedRecord, Message, Record, from_record, hop_of, to_record
from crm.chassis.kafka.topics import (
    PARTITIONS,
    Partition,
    PartitionsDiffer,
    Topic,
    TopicMissing,
    declare_topic,
    describe_topic,
    end_offsets,
    find_topic,
    first_offsets,
    topic_id,
    topic_of,
)

__all__ = [
    "PARTITIONS",
    "Consumer",
    "KafkaRefused",
    "KafkaUnavailable",
    "MalformedRecord",
    "Message",
    "OffsetsLost",
    "Partition",
    "PartitionsDiffer",
    "Producer",
    "Receipt",
    "Received",
    "Record",
    "Topic",
    "TopicMissing",
    "declare_topic",
    "describe_topic",
    "end_offsets",
    "find_topic",
    "first_offsets",
    "from_record",
    "hop_of",
    "read_topic",
    "to_record",
    "topic_id",
    "topic_of",
]
