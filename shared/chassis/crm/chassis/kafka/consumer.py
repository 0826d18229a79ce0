"""Receiving, from offsets that are kept elsewhere: with the checkpoints in PostgreSQL."""

import warnings
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import TracebackType
from typing import NamedTuple, Self

from confluent_kafka import Consumer as ConfluentConsumer
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.cimpl import Message

from crm.chassis.kafka.connection import KafkaUnavailable, connecting, failure
from crm.chassis.kafka.records import MalformedRecord, from_record
from crm.chassis.kafka.topics import Partition
from crm.events import Sealed

FETCH_WAIT_MS = 5_000
"""An idle consumer asks every five seconds; facts are answered at once all the same."""
SESSION_MS = 6_000
"""How long a member may be silent before others get its partitions: the least that brokers allow by themselves."""
REJOINING_MS = 60_000
"""How long a group waits for a member that does not join again, as after a broker was killed, and how long a member may
go without asking for more, as while a database is away. The client's own choice is five minutes."""
QUEUE_KB = 4_096
"""What a consumer fetches ahead at most. A projector has one for each view that follows other services."""

_SETTINGS = {
    # Not the protocol of Kafka 4: a coordinator that was killed under load could not read its own records any more, and
    # no group had one from then on (docs/adr/0039).
    "group.protocol": "classic",
    "partition.assignment.strategy": "cooperative-sticky",
    "session.timeout.ms": SESSION_MS,
    "heartbeat.interval.ms": SESSION_MS // 3,
    "max.poll.interval.ms": REJOINING_MS,
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    # A checkpoint that the topic does not have is told, never silently replaced by another place.
    "auto.offset.reset": "error",
    "queued.max.messages.kbytes": QUEUE_KB,
    "queued.min.messages": 5_000,
    # How long a partition rests once so many wait. A second, which is the client's own choice, is far more than it
    # takes to work them off: a view that had to catch up stood still for most of its time.
    "fetch.queue.backoff.ms": 10,
    "fetch.max.bytes": QUEUE_KB * 1024 // 2,
    "fetch.min.bytes": 1,
    "topic.metadata.refresh.interval.ms": 10_000,  # how soon a topic that was not there yet is noticed
}

_PASSING = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
    KafkaError._PARTITION_EOF,
    KafkaError._ALL_BROKERS_DOWN,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
}
"""Errors that the client gets over by itself: brokers that are away, a topic that is not there yet."""

Starts = Callable[[Sequence[Partition]], Mapping[Partition, int]]
"""Where to start reading partitions that were assigned; those it leaves out start at the beginning."""
Ends = Callable[[Sequence[Partition]], None]


class OffsetsLost(KafkaUnavailable):
    """A partition does not have the offset that reading should go on at: the topic was recreated or cut."""


class Received(NamedTuple):
    """A record: the fact in it, or why it is none, and where it was."""

    fact: Sealed | MalformedRecord
    topic: str
    partition: int
    offset: int


class Consumer:
    """A member of a group, or a lone reader, of some topics. One thread uses it, and closes it."""

    _open = False

    def __init__(self, bootstrap: str, group: str, *, fetch_wait_ms: int = FETCH_WAIT_MS) -> None:
        """`fetch_wait_ms`: how long a broker keeps a question for facts that are not there yet. No other is asked of it
        meanwhile, also not for partitions that are assigned later."""
        given = {"group.id": group, "fetch.wait.max.ms": fetch_wait_ms}
        self._client = ConfluentConsumer(connecting(bootstrap) | _SETTINGS | given)
        self._open = True
        self._mine: set[Partition] = set()
        self._failed: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def subscribe(self, topics: Sequence[str], on_assign: Starts, on_revoke: Ends = lambda _: None) -> None:
        """Joins the group. Both callbacks run inside `read`; what they raise comes out of it."""

        def assigned(client: ConfluentConsumer, given: list[TopicPartition]) -> None:
            partitions = _partitions(given)
            try:
                starts = on_assign(partitions)
            except Exception as error:
                self._failed = error
                client.incremental_assign([])  # else the client itself would choose where to start
                return
            client.incremental_assign([TopicPartition(*each, starts.get(each, 0)) for each in partitions])
            self._mine.update(partitions)

        def revoked(client: ConfluentConsumer, taken: list[TopicPartition]) -> None:
            held = [each for each in _partitions(taken) if each in self._mine]
            self._mine.difference_update(held)
            try:
                on_revoke(held)
            except Exception as error:
                self._failed = error
            client.incremental_unassign([TopicPartition(*each) for each in held])

        self._client.subscribe(list(topics), on_assign=assigned, on_revoke=revoked, on_lost=revoked)

    def assign(self, starts: Mapping[Partition, int]) -> None:
        """Reads these partitions from these offsets, alone, without being a member of the group."""
        self._client.assign([TopicPartition(*each, offset) for each, offset in starts.items()])
        self._mine = set(starts)

    @property
    def assigned(self) -> Collection[Partition]:
        """The partitions that are read now."""
        return frozenset(self._mine)

    def read(self, most: int, timeout_s: float) -> list[Received]:
        """The next records, waiting for the first only; those of a partition are in order.

        Raises `OffsetsLost`, `KafkaRefused`, and what the callbacks raise; then close, and begin with a new consumer.
        """
        first = self._client.poll(timeout_s)
        self._raise_failure()
        if first is None:
            return []
        # consume() alone would wait its whole timeout for the last of them.
        messages = [first, *self._client.consume(most - 1, 0)] if most > 1 else [first]
        self._raise_failure()
        return list(self._received(messages))

    def seek(self, offsets: Mapping[Partition, int]) -> None:
        """Goes to these offsets in those of the partitions that are read now."""
        for each, offset in offsets.items():
            if each in self._mine:
                try:
                    self._client.seek(TopicPartition(*each, offset))
                except KafkaException as error:
                    raise failure(error) from error

    def commit(self, offsets: Mapping[Partition, int]) -> None:
        """Tells Kafka the next offsets, for its lag tools; nothing depends on it, so nothing waits for it."""
        mine = [TopicPartition(*each, offset) for each, offset in offsets.items() if each in self._mine]
        if mine:
            self._client.commit(offsets=mine, asynchronous=True)

    def close(self) -> None:
        """Leaves the group."""
        self._open = False
        self._client.close()

    def __del__(self) -> None:
        # The client, collected while it joins a group, would wait for ever for its own thread, and its process with it.
        if self._open:
            self.close()
            warnings.warn("a consumer was not closed", ResourceWarning, source=self, stacklevel=1)

    def _received(self, messages: list[Message]) -> Iterable[Received]:
        # Each is let go once it is read: a thousand messages with their headers would keep the garbage collector busy.
        messages.reverse()
        while messages:
            message = messages.pop()
            error = message.error()
            if error is not None:
                _raise_lasting(error, message)
                continue
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            assert topic is not None
            assert partition is not None
            assert offset is not None
            # One that was taken away meanwhile is read by another, from its own checkpoint.
            if (topic, partition) in self._mine:
                yield Received(_fact(message), topic, partition, offset)

    def _raise_failure(self) -> None:
        if self._failed is not None:
            failed, self._failed = self._failed, None
            raise failed


def _fact(message: Message) -> Sealed | MalformedRecord:
    try:
        return from_record(message)
    except MalformedRecord as malformed:
        return malformed


def _partitions(given: Iterable[TopicPartition]) -> list[Partition]:
    return [Partition(each.topic, each.partition) for each in given]


def _raise_lasting(error: KafkaError, message: Message) -> None:
    if error.code() == KafkaError._AUTO_OFFSET_RESET:
        raise OffsetsLost(
            f"{message.topic()} partition {message.partition()} does not have the offset to go on at: the topic was "
            f"recreated or has lost records ({error.str()})."
        )
    if error.fatal() or not (error.retriable() or error.code() in _PASSING):
        raise failure(error)
