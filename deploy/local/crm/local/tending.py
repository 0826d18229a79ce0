"""What operators do to a service's own databases: parked facts, rebuilds, publishing again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg

from crm.chassis.kafka import KafkaRefused, KafkaUnavailable, PartitionsDiffer, topic_of
from crm.chassis.projecting import subscribers
from crm.chassis.projection import (
    Feed,
    NotRunning,
    Past,
    Rebuilt,
    Retried,
    Subscriber,
    View,
    discard,
    parking,
    rebuild,
    resume,
    retry,
    sources_of,
)
from crm.chassis.projection.building import Progress
from crm.chassis.projection.circuit import CannotGoOn
from crm.chassis.projection.failures import Jump, SourceAway, kind
from crm.chassis.projection.rebuild import AlreadyRunning
from crm.chassis.projection.sources import LogHistory, reread_topic
from crm.chassis.projection.topics import KafkaHistory
from crm.chassis.runtime import Runtime, running
from crm.chassis.service import Service
from crm.local.calling import NotNow
from crm.local.suite import ADMINISTRATOR, Description, Layout, service_named, settings

ACTOR = f"user:{ADMINISTRATOR}"
MOST_ENTRIES = 1_000_000


class NoSuch(LookupError):  # noqa: N818 (named as people speak)
    """There is no view, policy or parked fact of this name. The text says what there is."""


@dataclass(frozen=True)
class Tended:
    """A service whose databases are open."""

    service: Service
    runtime: Runtime
    topics: KafkaHistory

    @property
    def subscribers(self) -> list[Subscriber]:
        return subscribers(self.service, self.runtime)

    def parked(
        self, view: str | None = None, *, stream: UUID | None = None, error: str | None = None
    ) -> list[parking.Parked]:
        """What is parked here, oldest first, for all views or one."""
        names: list[str | None] = [self.subscriber(view).name] if view else [None]
        with self.runtime.database.connection() as connection:
            return [
                each
                for name in names
                for each in parking.entries(connection, view=name, stream=stream, error=error, limit=MOST_ENTRIES)
            ]

    def show(self, number: int) -> tuple[parking.Parked, dict[str, Any]]:
        """One parked fact with its envelope. Raises `NoSuch`."""
        with self.runtime.database.connection() as connection:
            found = parking.show(connection, number)
        if found is None:
            raise NoSuch(f"Nothing parked in {self.service.name} has the number {number}.")
        return found

    def retry(self, view: str | None, stream: UUID | None, error: str | None) -> Retried:
        """Tries parked facts again: of a stream, with one class of error, or all."""
        chosen = [self.subscriber(view)] if view else self.subscribers
        done = Retried()
        waiting = self.parked(stream=stream, error=error)
        for feed in (self._feed(each, source) for each in chosen for source in sources_of(each)):
            here = [each for each in waiting if (each.view, each.source) == (feed.subscriber.name, feed.source)]
            jumped = any(each.error == kind(Jump()) for each in here)
            if here:
                done += retry(feed, stream=stream, error=error, reread=self._reread(feed) if jumped else None)
        return done

    def discard(self, number: int, reason: str) -> Retried:
        """Gives a parked fact up for good. Raises `NoSuch`."""
        entry, _ = self.show(number)
        feed = self._feed(next(each for each in self.subscribers if each.name == entry.view), entry.source)
        return discard(feed, number, actor=ACTOR, reason=reason)

    def resume(self, name: str, *, lenient: bool) -> bool:
        """Lets a stopped view or policy go on; `lenient` parks all that fails. False if it was not stopped."""
        with self.runtime.database.connection() as connection:
            return resume(connection, self.subscriber(name).name, lenient=lenient)

    def rebuild(self, view: View[Any], tell: Callable[[Progress], None]) -> Rebuilt:
        """Builds a view from the whole history beside the live one, and switches. Goes on where it was cut."""
        database = self.runtime.database
        past = Past(self.service.name, LogHistory(database), self.runtime.log, self.topics)
        return rebuild(database, view, self.runtime.keys, past, actor=ACTOR, tell=tell)

    def size_of(self, view: View[Any]) -> int:
        """About how many facts a rebuild reads."""
        with self.runtime.database.connection() as connection:
            row = connection.execute("SELECT count(*) FROM events").fetchone()
        foreign = [each for each in sources_of(view) if each != self.service.name]
        return (row[0] if row else 0) + sum(mark.number for each in foreign for mark in self.topics.ends(each).values())

    def view(self, name: str) -> View[Any]:
        """A view by the name people use. Raises `NoSuch`."""
        for each in self.service.views:
            if each.family == name:
                return each
        known = ", ".join(each.family for each in self.service.views)
        raise NoSuch(f"{self.service.name} has no view {name!r}; it has {known}.")

    def subscriber(self, name: str) -> Subscriber:
        """A view or policy by the name people use, or with its version. Raises `NoSuch`."""
        for each in self.subscribers:
            if name in (each.family, each.name):
                return each
        known = ", ".join(each.family for each in self.subscribers)
        raise NoSuch(f"{self.service.name} has no view or policy {name!r}; it has {known}.")

    def _feed(self, subscriber: Subscriber, source: str) -> Feed:
        return Feed(self.runtime.database, subscriber, source, self.runtime.keys)

    def _reread(self, feed: Feed) -> Callable[[UUID, int], Any]:
        if feed.source == self.service.name:
            return LogHistory(self.runtime.database).reread
        return reread_topic(self.topics, feed.source, feed.open())


@contextmanager
def tending(layout: Layout, suite: Description, name: str) -> Iterator[Tended]:
    """A service of the running suite, its databases open. Raises `LookupError`, and `NotNow` for what may pass."""
    service = service_named(name)
    found = settings(layout, name, suite["postgres"], suite["kafka"])
    topics = KafkaHistory(suite["kafka"])
    try:
        with running(service, found, connections=3) as runtime:
            yield Tended(service, runtime, topics)
    except KafkaUnavailable as error:
        raise NotNow(f"Kafka does not answer ({error}). `rapport status` shows what runs.") from error
    except (NotRunning, CannotGoOn, AlreadyRunning, PartitionsDiffer, KafkaRefused, SourceAway) as error:
        raise NotNow(str(error)) from error
    except psycopg.OperationalError as error:
        raise NotNow(f"The database of {name} does not answer. `rapport status` shows what runs.") from error
    finally:
        topics.close()


def publish_again(layout: Layout, suite: Description, name: str, reason: str) -> str:
    """Has a service's whole log published again. Returns its topic. Raises `LookupError`."""
    from crm.chassis.kafka import topic_id
    from crm.chassis.projection.places import begin_topic_anew
    from crm.chassis.relay import republish

    with tending(layout, suite, name) as tended:
        republish(name, tended.runtime.settings.database, suite["kafka"], actor=ACTOR, reason=reason)
    topic = topic_of(name)
    for reader in suite["services"]:
        with tending(layout, suite, reader) as tended, tended.runtime.database.connection() as connection:
            begin_topic_anew(connection, name, topic_id(suite["kafka"], topic), ACTOR)
    return topic
