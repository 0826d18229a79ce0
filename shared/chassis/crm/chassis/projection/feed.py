"""A feed: one subscriber's reading of one service's facts, batch by batch, each batch in one transaction."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from psycopg import Connection

from crm.chassis.database import Database
from crm.chassis.keys import Keys
from crm.chassis.projection import erasure, parking, places, standing
from crm.chassis.projection.batch import Batch, Opened
from crm.chassis.projection.circuit import CannotGoOn, Circuit
from crm.chassis.projection.delivery import START, Delivery, Mark, Outcome
from crm.chassis.projection.failures import SourceAway, kind, where
from crm.chassis.projection.opening import Opener
from crm.chassis.projection.parts import Also, Part, at_work, take_in_parts
from crm.chassis.projection.subscriber import Fold, Subscriber
from crm.events import Sealed


class NotRunning(Exception):  # noqa: N818
    """The subscriber is stopped, is being built by a job, or was never prepared. The text says which."""


class Feed:
    """Takes batches for one subscriber from one source. Not thread-safe; several processes may compete, one wins.

    Rows, checkpoints, versions and parked facts are written in one transaction, which has no transaction id while it
    waits, reads and folds, so that it holds no reader of a log back for longer than it writes.
    """

    def __init__(
        self,
        database: Database,
        subscriber: Subscriber,
        source: str,
        keys: Keys,
        *,
        opener: Opener | None = None,
        state: str = standing.RUNNING,
        circuit: Circuit | None = None,
        bulk: bool = False,
    ) -> None:
        self.database, self.subscriber, self.source, self.keys = database, subscriber, source, keys
        self.marks: dict[int, Mark] = {}
        """The checkpoints as this worker knows them, by shard."""
        self.opener = opener or Opener(keys)
        self._state = state
        self._circuit = circuit or Circuit()
        self._bulk = bulk
        self._place: places.FeedPlace | None = None

    def open(self) -> dict[int, Mark]:
        """Reads where the feed stands. Raises `NotRunning`."""
        with self.database.connection() as connection:
            self._place = places.find(connection, self.subscriber.name, self.source)
            if self._place is None:
                raise NotRunning(f"{self.subscriber.name} was not prepared for facts of {self.source}")
            if self._place.state != self._state:
                raise NotRunning(f"{self.subscriber.name} is {self._place.state}: {self._place.reason or ''}")
            self.marks = places.marks(connection, self._place.feed)
        return self.marks

    def open_in(self, topic_id: str) -> dict[int, Mark]:
        """Reads where the feed stands in a topic; the first time, remembers which topic that is.

        Raises `NotRunning`, and `SourceAway` if the topic is another one: places in it would mean something else, and
        facts would be passed over.
        """
        marks = self.open()
        with self.database.connection() as connection:
            known = places.remember_topic(connection, self.place.feed, topic_id)
        if known != topic_id:
            raise SourceAway(
                f"The topic of {self.source} was made anew. `rapport republish {self.source}` publishes it all again, "
                f"for {self.subscriber.name} to begin at its beginning."
            )
        return marks

    @property
    def place(self) -> places.FeedPlace:
        """The feed in the database; opens it if need be."""
        if self._place is None:
            self.open()
        assert self._place
        return self._place

    def close(self) -> None:
        """Forgets where the feed stands; the next batch reads it again."""
        self._place = None

    def take(
        self, facts: Sequence[Delivery], *, known: Collection[UUID] | None = None, also: Also | None = None
    ) -> Outcome:
        """Takes one batch. After an exception nothing of it is kept, or only a first part of it.

        A rebuild says which streams alone may be `known` here, and what `also` goes into the transaction.
        Raises `Overtaken` if another worker was faster, `NotRunning` if the view stopped on it, and transient errors.
        """
        self._circuit.begin(len(facts))
        try:
            return take_in_parts(Part(facts, known, also), self._take)
        except CannotGoOn as reason:
            self._stop(reason)
            raise NotRunning(f"{self.subscriber.name} stopped: {reason}") from reason
        except places.Overtaken:
            self.close()
            raise

    def _take(self, part: Part) -> Outcome:
        started = time.perf_counter()
        with self._circuit.unless_discarded():
            batch = self._act(part) if self.subscriber.acts else self._fold(part)
        self.marks |= part.marks
        for contact in batch.erased:
            self.keys.evict(contact)
        return batch.outcome(self.subscriber.name, self.source, part.facts, time.perf_counter() - started)

    def _act(self, part: Part) -> Batch:
        """Acts holding no connection: its commands have transactions of their own."""
        with self.database.connection() as connection:
            batch, fold, opened = self._begin(connection, part)
        batch.fold(part.facts, fold, opened)
        with self._locked(part) as connection:
            self._write(connection, batch, fold, part)
        return batch

    def _fold(self, part: Part) -> Batch:
        with self._locked(part) as connection:
            batch, fold, opened = self._begin(connection, part)
            batch.fold(part.facts, fold, opened)
            self._write(connection, batch, fold, part)
        return batch

    @contextmanager
    def _locked(self, part: Part) -> Iterator[Connection[Any]]:
        place = self.place
        with self.database.transaction() as connection:
            places.lock(connection, place.view, alone=self.subscriber.crossing)
            here = {shard: self.marks.get(shard, START) for shard in part.marks}
            places.compare(connection, place.feed, self._state, here)
            with at_work(connection):
                yield connection

    def _begin(self, connection: Connection[Any], part: Part) -> tuple[Batch, Fold, Opened]:
        sealed = part.sealed
        asked = part.known if part.known is not None else {each.stream for each in sealed}
        streams = places.known(connection, self.place.feed, asked)
        types = set(filter(self.subscriber.wants, {each.type for each in sealed}))
        wanted = [each for each in sealed if each.type in types and _is_next(each, streams)]
        opened = self.opener.open(connection, wanted)
        if part.refused is not None:
            opened = {id(each): part.refused for each in sealed}
        readable = [each for each in opened.values() if not isinstance(each, Exception)]
        fold = self.subscriber.begin(connection, readable, part.known)
        batch = Batch(streams, self.place.late, None if self.place.lenient else self._circuit)
        return batch, fold, opened

    def _write(self, connection: Connection[Any], batch: Batch, fold: Fold, part: Part) -> None:
        erasure.write(connection, self.place.view, fold, batch.erased, bulk=self._bulk)
        places.save(connection, self.place.feed, batch.changed, new=batch.new if self._bulk else ())
        for delivery in parking.keep(connection, self.place.feed, batch.held):
            batch.counts[delivery.shard].repeats += 1
        for shard, mark in part.marks.items():
            was = self.marks.get(shard, START)
            places.move(connection, self.place.feed, shard, was, mark, batch.counts[shard], batch.newest)
        if part.also:
            part.also(connection)

    def _stop(self, cannot: CannotGoOn) -> None:
        cause = cannot.__cause__
        reason = f"{cannot}: {kind(cause)} at {where(cause)}" if cause else str(cannot)
        with self.database.connection() as connection:
            standing.stop(connection, self.subscriber.name, reason)
        self.close()


def _is_next(sealed: Sealed, streams: dict[UUID, places.Applied]) -> bool:
    at = streams.get(sealed.stream)
    return at is None or (not at.blocked and sealed.version > at.version)
