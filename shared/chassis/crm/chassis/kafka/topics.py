"""A service's topic: its name, its declaration, its identity, where it ends."""

from base64 import urlsafe_b64decode
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from confluent_kafka import KafkaError, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]  # not in its __all__
from confluent_kafka.cimpl import NewTopic
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from crm.chassis.kafka.connection import KafkaRefused, KafkaUnavailable, connecting, failure

PARTITIONS = 6
ANSWER_WITHIN_S = 5.0

T = TypeVar("T")


class PartitionsDiffer(KafkaRefused):
    """A topic exists with another number of partitions than it should have."""


class TopicMissing(KafkaRefused):
    """There is no such topic."""


class Partition(NamedTuple):
    """One partition of a topic."""

    topic: str
    number: int


@dataclass(frozen=True)
class Topic:
    """A topic as it is now. A topic that was deleted and made again has another id."""

    name: str
    id: str
    """A UUID."""
    partitions: int


def topic_of(service: str) -> str:
    """The topic of a service's facts."""
    return f"crm.{service}.v1"


def declare_topic(bootstrap: str, service: str, partitions: int = PARTITIONS, *, topic: str | None = None) -> str:
    """Makes sure that a service's topic exists, and returns its id. Its records are kept for ever.

    Raises `PartitionsDiffer`, `KafkaRefused` or `KafkaUnavailable`.
    """
    name = topic or topic_of(service)
    found = find_topic(bootstrap, name)
    if found is None:
        _create(bootstrap, name, partitions)
        found = _made(bootstrap, name)
    if found.partitions != partitions:
        raise PartitionsDiffer(
            f"The topic {name} has {found.partitions} partitions and should have {partitions}. A stream's order hangs "
            f"on that number, so it never changes: set RAPPORT_PARTITIONS to {found.partitions}, or publish everything "
            f"again into a new topic."
        )
    return found.id


def find_topic(bootstrap: str, topic: str) -> Topic | None:
    """A topic as it is now; None if there is none. Raises `KafkaUnavailable`."""
    admin = AdminClient(connecting(bootstrap))  # referenced until the answer is there, or it never comes
    try:
        described = _answer(lambda: admin.describe_topics(TopicCollection([topic]), request_timeout=ANSWER_WITHIN_S))
    except TopicMissing:
        return None
    return Topic(topic, _uuid(str(described.topic_id)), len(described.partitions))


def describe_topic(bootstrap: str, topic: str) -> Topic:
    """A topic as it is now. Raises `TopicMissing` or `KafkaUnavailable`."""
    found = find_topic(bootstrap, topic)
    if found is None:
        raise TopicMissing(f"There is no topic {topic}.")
    return found


def topic_id(bootstrap: str, topic: str) -> str:
    """The id of a topic. Raises `TopicMissing` or `KafkaUnavailable`."""
    return describe_topic(bootstrap, topic).id


def end_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """By partition, the offset that the next record will have. Raises `TopicMissing` or `KafkaUnavailable`."""
    return _offsets(bootstrap, topic, OffsetSpec.latest())  # type: ignore[no-untyped-call]


def first_offsets(bootstrap: str, topic: str) -> dict[int, int]:
    """By partition, the offset of the oldest record it still has. Raises `TopicMissing` or `KafkaUnavailable`."""
    return _offsets(bootstrap, topic, OffsetSpec.earliest())  # type: ignore[no-untyped-call]


# The brokers of a topic that was just created may not know yet which of them leads it.
@retry(retry=retry_if_exception_type(KafkaUnavailable), wait=wait_fixed(0.05), stop=stop_after_delay(2), reraise=True)
def _offsets(bootstrap: str, topic: str, asked: OffsetSpec) -> dict[int, int]:
    wanted = {TopicPartition(topic, n): asked for n in range(describe_topic(bootstrap, topic).partitions)}
    admin = AdminClient(connecting(bootstrap))
    futures = admin.list_offsets(wanted, request_timeout=ANSWER_WITHIN_S)
    return {each.partition: _result(future).offset for each, future in futures.items()}


def _create(bootstrap: str, topic: str, partitions: int) -> None:
    admin = AdminClient(connecting(bootstrap))
    kept = {"retention.ms": "-1", "retention.bytes": "-1", "cleanup.policy": "delete"}
    new = NewTopic(topic, partitions, config=kept)
    try:
        _answer(lambda: admin.create_topics([new], request_timeout=ANSWER_WITHIN_S))
    except KafkaRefused as refused:
        if KafkaError(KafkaError.TOPIC_ALREADY_EXISTS).name() not in str(refused):
            raise  # whoever was faster made the same


@retry(retry=retry_if_exception_type(TopicMissing), wait=wait_fixed(0.05), stop=stop_after_delay(10), reraise=True)
def _made(bootstrap: str, topic: str) -> Topic:
    """A topic that was just created: brokers learn of it a moment later."""
    return describe_topic(bootstrap, topic)


def _uuid(text: str) -> str:
    """A topic's id as Kafka's tools print it, in base64 of either alphabet, as a UUID."""
    return str(UUID(bytes=urlsafe_b64decode(text.translate(str.maketrans("+/", "-_")) + "==")))


def _answer(ask: Callable[[], dict[str, Future[Any]]]) -> Any:
    (future,) = ask().values()
    return _result(future)


def _result(future: Future[T]) -> T:
    try:
        return future.result(ANSWER_WITHIN_S * 2)
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            raise TopicMissing(error.args[0].str()) from error
        raise failure(error) from error
