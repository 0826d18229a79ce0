"""The event path in one process: a log, its relay, Kafka, a view of the own log, and views of another service.

Each part can be run until it has nothing to do, or until it is killed at a step.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID, uuid4

from crm.chassis.audit import Place
from crm.chassis.database import Database
from crm.chassis.kafka import declare_topic, end_offsets, topic_of
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.log.store import Append
from crm.chassis.migrations import migrate
from crm.chassis.projection import Feed, OwnLoop, Past, Subscriber, TopicLoop, View, prepare, rebuild, retry
from crm.chassis.projection.delivery import START
from crm.chassis.projection.loops import LogTail
from crm.chassis.projection.sources import LogHistory
from crm.chassis.projection.topics import KafkaHistory, kafka_streams
from crm.chassis.relay import Relay
from crm.chassis.testing.backends import KafkaBackend, PostgresBackend
from crm.chassis.testing.facts import BadgeFacts
from crm.chassis.testing.held import HeldTransaction
from tests.proving.crashing import Step, killed_at
from tests.proving.roll import a_roll, a_timeline

PARTITIONS = 3
WITHIN_S = 60.0
TURN_S = 0.05


class QuietStore(PostgresStore):
    """Wakes nobody: here every reader is stepped."""

    def wake_readers(self) -> None: ...


class HeldStore(QuietStore):
    """Appends in a transaction that stays open."""

    def __init__(self, dsn: str) -> None:
        self.held = HeldTransaction(dsn)
        super().__init__(self.held)

    def landed(self, append: Append) -> bool:
        return True


class Parts:
    """One service that writes and one that reads, with databases and a topic of their own."""

    def __init__(self, postgres: PostgresBackend, kafka: KafkaBackend) -> None:
        self.service, self.reader = (f"t{uuid4().hex}" for _ in range(2))
        self.bootstrap = kafka.bootstrap
        self._postgres = postgres
        self.dsns = [postgres.fresh_database() for _ in range(2)]
        self.own, self.foreign = (Database(dsn) for dsn in self.dsns)
        self.keys = MemoryKeys()
        self.log = EventLog(self.service, QuietStore(self.own), self.keys, BadgeFacts)
        self.sick: set[UUID] = set()
        """Streams whose facts fail in every roll."""
        self.roll, self.copy = a_roll(self.service, self.sick), a_roll(self.service, self.sick)
        self.timeline = a_timeline(self.service)
        subscribers: list[tuple[Database, list[Subscriber]]]
        subscribers = [(self.own, [self.roll]), (self.foreign, [self.copy, self.timeline])]
        for database, views in subscribers:
            migrate(database.dsn)
            with database.connection() as connection:
                prepare(connection, views)
        declare_topic(self.bootstrap, self.service, PARTITIONS)
        self.topics = KafkaHistory(self.bootstrap)
        self.workers: list[TopicLoop] = []

    def held(self) -> tuple[EventLog, HeldTransaction]:
        """A log that writes in a transaction which stays open."""
        store = HeldStore(self.own.dsn)
        return EventLog(self.service, store, self.keys, BadgeFacts), store.held

    def relay(self, step: Step | None = None) -> None:
        """A relay works until everything that is settled is published."""
        relay = Relay(self.service, self.own.dsn, self.log.read, self.bootstrap, partitions=PARTITIONS)
        stop, deadline = threading.Event(), time.monotonic() + WITHIN_S

        def beat() -> None:
            assert time.monotonic() < deadline, f"the relay does not get further: {relay.status.error}"
            at = relay.status.position
            if relay.status.leads and not self.log.read(at if at != START else None, 1):
                stop.set()

        with killed_at(step):
            relay.run(stop, beat)

    def project(self, step: Step | None = None, turns: int = 1_000) -> None:
        """A worker follows the own log, for so many batches at most."""
        loop = OwnLoop(self.log, [self._feed(self.own, self.roll)])
        with killed_at(step):
            for _ in range(turns):
                if not loop.turn():
                    return

    def join(self, view: View[Any]) -> None:
        """Another worker of the reading service joins the group of a view."""
        feed = self._feed(self.foreign, view)
        self.workers.append(TopicLoop(kafka_streams(self.bootstrap, self.reader, view.family, [self.service]), [feed]))

    def leave(self) -> None:
        """The oldest worker ends."""
        if self.workers:
            self.workers.pop(0)._stream.close()

    def follow(self, step: Step | None = None, turns: int = 4) -> None:
        """The workers of the reading service take turns. One that is killed is gone."""
        for _ in range(turns):
            for worker in list(self.workers):
                with killed_at(step):
                    worker.turn(TURN_S)
                    continue
                self.workers.remove(worker)
                worker._stream.close()
                return

    def follow_to_the_end(self) -> None:
        """Until every view of the reading service has read all that is on Kafka."""
        deadline = time.monotonic() + WITHIN_S
        for view in (self.copy, self.timeline):
            self.join(view)
        while not all(self._at_the_end(view) for view in (self.copy, self.timeline)):
            assert time.monotonic() < deadline, "the reading service does not get further"
            self.follow(turns=1)

    def rebuild_roll(self, step: Step | None = None) -> None:
        past = Past(self.service, LogHistory(self.own), self.log)
        with killed_at(step):
            rebuild(self.own, self.roll, self.keys, past, actor="user:ops", chunk=3)

    def rebuild_timeline(self, step: Step | None = None) -> None:
        tail: LogTail = self.log
        past = Past(self.reader, LogHistory(self.foreign), tail, self.topics)
        with killed_at(step):
            rebuild(self.foreign, self.timeline, self.keys, past, actor="user:ops", chunk=3)

    def retry(self) -> None:
        """Parked facts are tried again."""
        for database, view in ((self.own, self.roll), (self.foreign, self.copy)):
            retry(self._feed(database, view))

    @property
    def places(self) -> list[Place]:
        """What the audit looks at."""
        return [Place(self.service, self.own.dsn), Place(self.reader, self.foreign.dsn, self.timeline.name)]

    def close(self) -> None:
        for worker in self.workers:
            worker._stream.close()
        self.topics.close()
        for database in (self.own, self.foreign):
            database.close()
        for dsn in self.dsns:
            self._postgres.drop(dsn)

    def _feed(self, database: Database, view: View[Any]) -> Feed:
        return Feed(database, view, self.service, self.keys)

    def _at_the_end(self, view: View[Any]) -> bool:
        marks = self._feed(self.foreign, view).open()
        ends = end_offsets(self.bootstrap, topic_of(self.service))
        return all(end == 0 or (shard in marks and marks[shard].number == end) for shard, end in ends.items())


@contextmanager
def parts(postgres: PostgresBackend, kafka: KafkaBackend) -> Iterator[Parts]:
    made = Parts(postgres, kafka)
    try:
        yield made
    finally:
        made.close()
