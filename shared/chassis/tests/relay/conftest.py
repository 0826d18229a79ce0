"""A log of facts, relays in threads, and what came out of Kafka."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

import psycopg
import pytest

from crm.chassis.kafka import Received, find_topic, read_topic
from crm.chassis.migrations import migrate
from crm.chassis.relay import Relay, RelayStatus
from crm.chassis.testing.backends import KafkaBackend
from crm.events import Position, Sealed

DEADLINE_S = 30.0


def until(condition: Callable[[], bool], what: str = "the condition") -> None:
    """Waits until something is true; fails after half a minute."""
    pause = threading.Event()
    for _ in range(int(DEADLINE_S / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError(f"{what} did not come true within {DEADLINE_S:g} s")


@dataclass
class ListedLog:
    """A log in memory, read as the real one is: after a position, no append split."""

    facts: list[Sealed] = field(default_factory=list)
    reads: int = 0

    def append(self, *streams: UUID, value: bytes = b"{}", traceparent: str | None = None) -> None:
        """One append with the next fact of each stream."""
        append_id, tx, now = uuid4(), self._next_tx(), datetime.now(UTC)
        versions = Counter(each.stream for each in self.facts)
        for stream in streams:
            versions[stream] += 1
            self.facts.append(
                Sealed(
                    stream=stream,
                    version=versions[stream],
                    append_id=append_id,
                    partition_key=stream,
                    occurred_at=now,
                    recorded_at=now,
                    actor="user:a",
                    channel="api",
                    correlation_id="c",
                    traceparent=traceparent,
                    type="crm.testing.x.v1",
                    value=value,
                    position=Position(1, tx, len(self.facts) + 1),
                )  # fmt: skip
            )

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        self.reads += 1
        facts = list(self.facts)
        start = next((n for n, each in enumerate(facts) if each.position and each.position > (after or ())), len(facts))
        end = min(start + limit, len(facts))
        while 0 < end < len(facts) and facts[end].append_id == facts[end - 1].append_id:
            end += 1
        return facts[start:end]

    @property
    def end(self) -> Position:
        return self.facts[-1].position or Position(0, 0, 0)

    def _next_tx(self) -> int:
        return self.end.tx + 3 if self.facts else 9_990  # transaction ids jump, and pass a power of ten


class Stage:
    """One service with its database, its topic and the relays that run for it."""

    def __init__(self, dsn: str, bootstrap: str) -> None:
        self.service = f"t{uuid4().hex}"
        self.topic = f"crm.{self.service}.v1"
        self.dsn, self.bootstrap = dsn, bootstrap
        self.log = ListedLog()
        self._running: list[tuple[threading.Thread, threading.Event]] = []

    def relay(self, page: int = 1_000, partitions: int = 3, silence_s: float = 10.0) -> Relay:
        return Relay(
            self.service, self.dsn, self.log.read, self.bootstrap,
            page=page, partitions=partitions, silence_s=silence_s, longest_pause_s=0.2,
        )  # fmt: skip

    def start(self, relay: Relay | None = None) -> Relay:
        """Lets a relay run in a thread of its own."""
        relay = relay or self.relay()
        stop = threading.Event()
        thread = threading.Thread(target=relay.run, args=(stop,), daemon=True)
        self._running.append((thread, stop))
        thread.start()
        return relay

    def stop(self) -> None:
        """Stops every relay."""
        for _, stop in self._running:
            stop.set()
        for thread, _ in self._running:
            thread.join(DEADLINE_S)
            assert not thread.is_alive()
        self._running.clear()

    def caught_up(self, status: RelayStatus) -> bool:
        return status.position == self.log.end

    def saved(self) -> Position:
        """The position in the database."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT era, tx, number FROM relay_position").fetchone()
        return Position(*row) if row else Position(0, 0, 0)

    def records(self) -> list[Received]:
        """Everything that is on Kafka."""
        return list(read_topic(self.bootstrap, self.topic)) if find_topic(self.bootstrap, self.topic) else []

    def sent(self) -> list[Sealed]:
        """The facts that are on Kafka, repeats among them."""
        return [each.fact for each in self.records() if isinstance(each.fact, Sealed)]

    def check(self) -> int:
        """Asserts that nothing is lost, nothing altered and each stream in order; returns the number of repeats."""
        sent = self.sent()
        known = {each.event_id: each.append_id for each in self.log.facts}
        assert {each.event_id: each.append_id for each in sent} == known
        assert all(known[each.event_id] == each.append_id for each in sent)
        newest: Counter[UUID] = Counter()
        for each in sent:
            assert each.version <= newest[each.stream] + 1, "a version was jumped over"
            newest[each.stream] = max(newest[each.stream], each.version)
        return len(sent) - len(known)


@pytest.fixture
def stage(database: str, kafka_server: KafkaBackend) -> Iterator[Stage]:
    migrate(database)
    stage = Stage(database, kafka_server.bootstrap)
    yield stage
    stage.stop()


@pytest.fixture
def wait() -> Callable[..., None]:
    return until
