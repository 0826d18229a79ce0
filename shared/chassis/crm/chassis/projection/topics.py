"""Other services' topics, as views read them: live from the checkpoints in the database, or from the beginning."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crm.chassis.kafka import (
    Consumer,
    KafkaRefused,
    KafkaUnavailable,
    MalformedRecord,
    Partition,
    Received,
    end_offsets,
    topic_id,
    topic_of,
)
from crm.chassis.projection.delivery import Delivery, Malformed, Mark
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.loops import Starts
from crm.events import Position

READ_WITHIN_S = 10.0
"""How long a record that must be there is waited for."""
PAST_WAIT_MS = 20
"""What is asked for is there already; a question left open at the end of one partition would hold up the next."""
_FILL_S = 0.05


class KafkaStream:
    """The topics of some services, as a member of a view's consumer group. One thread uses it."""

    def __init__(self, bootstrap: str, group: str, services: Sequence[str], starts: Starts) -> None:
        self._bootstrap, self._group, self._starts = bootstrap, group, starts
        self._services = {topic_of(each): each for each in services}
        self._consumer: Consumer | None = None

    def read(self, limit: int, timeout_s: float) -> Mapping[str, Sequence[Delivery]]:
        with _told_as_away():
            received = self._joined().read(limit, timeout_s)
        found: dict[str, list[Delivery]] = {}
        for each in received:
            found.setdefault(self._services[each.topic], []).append(_delivery(each))
        return found

    def commit(self, service: str, marks: Mapping[int, Mark]) -> None:
        if self._consumer is not None:
            topic = topic_of(service)
            with _told_as_away():
                self._consumer.commit({Partition(topic, shard): mark.number for shard, mark in marks.items()})

    def close(self) -> None:
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            consumer.close()

    def _joined(self) -> Consumer:
        if self._consumer is None:
            self._consumer = Consumer(self._bootstrap, self._group)
            self._consumer.subscribe(list(self._services), self._offsets)
        return self._consumer

    def _offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        marks = {
            topic: self._starts(self._services[topic], topic_id(self._bootstrap, topic))
            for topic in {each.topic for each in partitions}
        }
        known = [each for each in partitions if each.number in marks[each.topic]]
        return {each: marks[each.topic][each.number].number for each in known}


def kafka_streams(
    bootstrap: str, service: str, family: str, services: Sequence[str]
) -> Callable[[Starts], KafkaStream]:
    """Makes the stream of one subscriber of a service, in the group `crm.<service>.<view or policy>`."""
    return lambda starts: KafkaStream(bootstrap, f"crm.{service}.{family}", services, starts)


class KafkaHistory:
    """Topics read from any place, beside all groups. One thread uses it."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: Consumer | None = None
        self._at: tuple[Partition, int] | None = None

    def ends(self, service: str) -> Mapping[int, Mark]:
        """Where a service's topic ends now."""
        with _told_as_away():
            return {n: Position(0, 0, offset) for n, offset in end_offsets(self._bootstrap, topic_of(service)).items()}

    def read(self, service: str, shard: int, after: Mark, limit: int) -> Sequence[Delivery]:
        if after.number >= self.ends(service)[shard].number:
            return []
        with _told_as_away():
            found = self._read(Partition(topic_of(service), shard), after.number, limit)
        if not found:
            raise SourceAway(f"{topic_of(service)} partition {shard} did not answer within {READ_WITHIN_S:g} s")
        self._at = (Partition(topic_of(service), shard), found[-1].mark.number)
        return found

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
            self._consumer = None

    def _read(self, partition: Partition, offset: int, limit: int) -> list[Delivery]:
        if self._consumer is None:
            self._consumer = Consumer(self._bootstrap, "crm.rebuild", fetch_wait_ms=PAST_WAIT_MS)
        if self._at != (partition, offset):
            self._consumer.assign({partition: offset})
        found = self._consumer.read(limit, READ_WITHIN_S)
        while found and len(found) < limit and (more := self._consumer.read(limit - len(found), _FILL_S)):
            found += more
        return [_delivery(each) for each in found]


def _delivery(received: Received) -> Delivery:
    fact = received.fact
    sealed = Malformed(fact.raw, f"{fact.header}") if isinstance(fact, MalformedRecord) else fact
    return Delivery(sealed, received.partition, Position(0, 0, received.offset + 1))


@contextmanager
def _told_as_away() -> Iterator[None]:
    try:
        yield
    except KafkaUnavailable as error:
        raise SourceAway(f"Kafka does not answer ({error})") from error
    except KafkaRefused as error:
        raise SourceAway(str(error)) from error
