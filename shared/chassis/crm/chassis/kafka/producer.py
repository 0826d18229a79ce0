"""Sending: in order, each record acknowledged by all in-sync replicas, nothing skipped over."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka import Producer as ConfluentProducer
from confluent_kafka.cimpl import Message

from crm.chassis.kafka.connection import KafkaRefused, KafkaUnavailable, connecting, failure
from crm.chassis.kafka.records import Record

_SETTINGS = {
    "enable.idempotence": True,
    "acks": "all",
    "partitioner": "murmur2_random",  # librdkafka's own default places keys differently from every other client
    "linger.ms": 0,
    # A record that timed out would leave a hole behind which later ones follow: only whoever sends gives up, on all.
    "message.timeout.ms": 0,
    "enable.gapless.guarantee": True,
    "queue.buffering.max.messages": 100_000,
    "queue.buffering.max.kbytes": 65_536,
    "queue.buffering.backpressure.threshold": 1,
    "topic.metadata.propagation.max.ms": 10_000,
}
_ROOM_S = 0.1


class Receipt:
    """The acknowledgements of records that were sent together."""

    def __init__(self, sent: int = 0) -> None:
        self.outstanding = sent
        """How many records Kafka has not answered for."""
        self.lowest: dict[int, int] = {}
        """By partition, the first offset these records got."""
        self.highest: dict[int, int] = {}
        """By partition, the last offset these records got."""
        self.error: KafkaUnavailable | KafkaRefused | None = None
        """Why a record was not taken; the others may have been."""

    def report(self, error: KafkaError | None, message: Message) -> None:
        """Takes one answer."""
        self.outstanding -= 1
        if error is not None:
            self.error = self.error or failure(error)
            return
        partition, offset = message.partition(), message.offset()
        # A record that was taken at a first try whose answer got lost comes back without its offset.
        if partition is not None and offset is not None and offset >= 0:
            self.highest[partition] = offset
            if partition not in self.lowest:
                self.lowest[partition] = offset


class Producer:
    """A client that sends. One thread uses it; answers arrive in `poll`."""

    def __init__(self, bootstrap: str, *, linger_ms: float = 0.0) -> None:
        self._unreachable: KafkaUnavailable | None = None
        self._client = ConfluentProducer(connecting(bootstrap, self._heard) | _SETTINGS | {"linger.ms": linger_ms})

    def send(self, topic: str, records: Iterable[Record]) -> Receipt:
        """Hands records over, in order. Raises `KafkaRefused` at one that cannot be sent (too large)."""
        receipt = Receipt()
        produce, report = self._client.produce, receipt.report
        for key, value, headers in records:
            receipt.outstanding += 1
            try:
                produce(topic, value, key, -1, report, headers=headers)  # type: ignore[arg-type]  # invariant list
            except BufferError:
                self._produce_when_there_is_room(topic, Record(key, value, headers), receipt)
            except KafkaException as error:
                raise failure(error) from error
        return receipt

    def poll(self, timeout_s: float = 0.0) -> int:
        """Takes answers, waiting for the first; returns how many.

        Raises `KafkaUnavailable` if no broker is left, `KafkaRefused` if going on would leave a gap.
        """
        try:
            answers = self._client.poll(timeout_s)
        except KafkaException as error:
            raise failure(error) from error
        if self._unreachable is not None:
            raise self._unreachable
        return answers

    def abandon(self) -> None:
        """Forgets what is not acknowledged and ends. Some of it may be on Kafka all the same."""
        ends: tuple[Callable[[], object], ...] = (self._client.purge, partial(self._client.poll, 0), self._client.close)
        for end in ends:
            with suppress(KafkaException):  # a client that failed for good says so once more
                end()

    def _produce_when_there_is_room(self, topic: str, record: Record, receipt: Receipt) -> None:
        key, value, headers = record
        while True:
            self.poll(_ROOM_S)
            try:
                self._client.produce(topic, value, key, -1, receipt.report, headers=headers)  # type: ignore[arg-type]
                return
            except BufferError:
                continue
            except KafkaException as error:
                raise failure(error) from error

    def _heard(self, error: KafkaError) -> None:
        if error.code() == KafkaError._ALL_BROKERS_DOWN or error.fatal():
            self._unreachable = KafkaUnavailable(f"{error.name()}: {error.str()}")
