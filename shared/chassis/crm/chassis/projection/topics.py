"""Other services' topics, as views read them: live from the checkpoints in the database, or from the beginning."""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from crm.chassis.kafka import (
    Consumer,
    KafkaRefused,
    KafkaUnavailable,
    MalformedRecord,
    Partition,
    Received,
    TopicMissing,
    end_offsets,
    topic_id,
    topic_of,
)
from crm.chassis.projection.delivery import Delivery, Malformed, Mark
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.loops import Starts
from crm.chassis.projection.standstill import Ends, Standstill
from crm.events import Position

READ_WITHIN_S = 10.0
"""How long a record that must be there is waited for."""
PAST_WAIT_MS = 20
"""What is asked for is there already; a question left open at the end of one partition would hold up the next."""
_FILL_S = 0.05
LOOK_EVERY_S = 30.0
"""How often a worker looks whether somebody reads on in every partition; twice, and it does it itself."""
ALONE_S = 120.0
"""For how long it does, before it joins the group again."""

_log = logging.getLogger("crm.projection")


def _ask(bootstrap: str, topic: str) -> Mapping[int, int]:
    """Nothing for a topic that is not there yet. A consumer's own client would answer only after its long poll."""
    try:
        return end_offsets(bootstrap, topic)
    except TopicMissing:
        return {}


_ends = Ends(_ask)


class KafkaStream:
    """The topics of some services, as a member of a view's consumer group. One thread uses it.

    A group spreads partitions among workers, and that is all it is needed for: checkpoints decide who reads what. So
    where records are there and nobody reads them, this worker reads all partitions without the group for a while.
    """

    def __init__(
        self, bootstrap: str, group: str, services: Sequence[str], starts: Starts, *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._bootstrap, self._group, self._starts = bootstrap, group, starts
        self._services = {topic_of(each): each for each in services}
        self._consumer: Consumer | None = None
        self._ids: dict[str, str] = {}
        self._look_every_s = look_every_s
        self._standstill = Standstill(look_every_s)
        self._every: frozenset[Partition] = frozenset()
        """The partitions there are, once somebody looked."""
        self._receives = False
        """Whether something came since the last look."""
        self._alone_until = 0.0

    def read(self, limit: int, timeout_s: float) -> Mapping[str, Sequence[Delivery]]:
        with _told_as_away():
            consumer = self._opened()
            received = consumer.read(limit, timeout_s)
            self._receives = self._receives or bool(received)
            if self._standstill.is_due and not self._is_alone:
                self._look(consumer)
        found: dict[str, list[Delivery]] = {}
        for each in received:
            found.setdefault(self._services[each.topic], []).append(_delivery(each))
        return found

    def commit(self, service: str, marks: Mapping[int, Mark]) -> None:
        if self._consumer is not None and not self._is_alone:
            topic = topic_of(service)
            with _told_as_away():
                self._consumer.commit({Partition(topic, shard): mark.number for shard, mark in marks.items()})

    def close(self) -> None:
        self._standstill.forget()
        if self._consumer is not None:
            consumer, self._consumer = self._consumer, None
            consumer.close()

    @property
    def _is_alone(self) -> bool:
        return self._alone_until > 0

    def _opened(self) -> Consumer:
        if self._is_alone and time.monotonic() > self._alone_until:
            self._alone_until = 0.0
            self.close()
        if self._consumer is None:
            self._consumer = Consumer(self._bootstrap, self._group)
            if self._is_alone:
                self._consumer.assign(dict.fromkeys(self._every, 0) | self._marks({each.topic for each in self._every}))
            else:
                self._consumer.subscribe(list(self._services), self._offsets)
        return self._consumer

    def _look(self, consumer: Consumer) -> None:
        """Leaves the group if nobody in it reads what is there."""
        try:
            ends = {
                Partition(topic, number): end
                for topic in self._services
                for number, end in _ends.of(self._bootstrap, topic, self._look_every_s / 2).items()
            }
        except KafkaUnavailable:
            self._standstill.forget()  # nobody can read on now
            return
        self._every = frozenset(ends)
        stand = self._standstill.look(self._marks({each.topic for each in ends}), ends)
        if self._receives:
            stand -= set(consumer.assigned)  # its own wait their turn behind others
        self._receives = False
        if stand:
            names = ", ".join(f"{each.topic} {each.number}" for each in sorted(stand))
            _log.warning("%s: nobody reads on in %s; it is read without the group for a while", self._group, names)
            self._alone_until = time.monotonic() + ALONE_S
            self.close()

    def _offsets(self, partitions: Sequence[Partition]) -> Mapping[Partition, int]:
        self._ids.clear()  # a topic may have been made anew since
        marks = self._marks({each.topic for each in partitions})
        return {each: marks[each] for each in partitions if each in marks}

    def _marks(self, topics: Collection[str]) -> dict[Partition, int]:
        """Where the view stands in the partitions that it has read before."""
        stands = {topic: self._starts(self._services[topic], self._id_of(topic)) for topic in topics}
        return {
            Partition(topic, shard): mark.number for topic, marks in stands.items() for shard, mark in marks.items()
        }

    def _id_of(self, topic: str) -> str:
        if topic not in self._ids:
            self._ids[topic] = topic_id(self._bootstrap, topic)
        return self._ids[topic]


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
