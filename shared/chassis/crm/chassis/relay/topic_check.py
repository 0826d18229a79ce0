"""Is it still the topic that was written to? What Kafka lost is told, never papered over."""

from collections.abc import Mapping

from crm.chassis.kafka import Receipt, declare_topic, end_offsets, find_topic
from crm.chassis.relay.leadership import Leadership


class TopicReplaced(Exception):  # noqa: N818
    """The topic is not the one that was written to, or has lost records. A person decides: `rapport republish`."""


class PartitionsChanged(Exception):  # noqa: N818
    """The topic has another number of partitions than at the first start, so streams would change their place."""


def check_topic(leader: Leadership, bootstrap: str, topic: str, partitions: int) -> None:
    """Makes and remembers the topic at the first start; later compares it with what is remembered.

    Raises `TopicReplaced`, `PartitionsChanged`, `Fenced`, `PartitionsDiffer`, `KafkaUnavailable`.
    """
    if leader.topic_id is None:
        leader.remember_topic(declare_topic(bootstrap, leader.service, partitions, topic=topic), partitions)
        return
    found = find_topic(bootstrap, topic)
    if found is None:
        raise TopicReplaced(f"The topic {topic} is gone. {_advice(leader)}")
    if found.id != leader.topic_id:
        raise TopicReplaced(f"The topic {topic} was deleted and created anew. {_advice(leader)}")
    if found.partitions != leader.partitions:
        raise PartitionsChanged(
            f"The topic {topic} has {found.partitions} partitions and had {leader.partitions} at the first start. New "
            f"records of a stream would not stand behind its old ones, so nothing is sent. {_advice(leader)}"
        )
    _check_ends(leader, topic, end_offsets(bootstrap, topic))


def check_receipt(leader: Leadership, topic: str, receipt: Receipt) -> None:
    """Raises `TopicReplaced` if records got offsets that others had before them: somebody recreated the topic."""
    for partition, offset in receipt.lowest.items():
        if offset <= leader.acked.get(partition, -1):
            raise TopicReplaced(f"Partition {partition} of the topic {topic} has lost its records. {_advice(leader)}")


def _check_ends(leader: Leadership, topic: str, ends: Mapping[int, int]) -> None:
    for partition, highest in leader.acked.items():
        if ends.get(partition, 0) <= highest:
            raise TopicReplaced(
                f"Partition {partition} of the topic {topic} ends at {ends.get(partition, 0)}, but offset {highest} "
                f"was acknowledged: it has lost records. {_advice(leader)}"
            )


def _advice(leader: Leadership) -> str:
    return f"Nothing is lost in the log: `rapport republish {leader.service}` publishes all of it again."
