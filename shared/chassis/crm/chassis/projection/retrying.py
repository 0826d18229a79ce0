"""Parked facts, tried again or given up by people: the same fold as live, stream by stream, in order."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from crm.chassis.projection import erasure, parking, places
from crm.chassis.projection.batch import Batch
from crm.chassis.projection.delivery import Delivery, Malformed
from crm.chassis.projection.feed import Feed
from crm.events import Sealed

Reread = Callable[[UUID, int], Sequence[Delivery]]
"""Reads a stream again from its source, from the version after the given one on: for streams that jumped."""


@dataclass(frozen=True)
class Retried:
    """What a retry did: facts applied, and facts of the same streams that still wait."""

    applied: int = 0
    waiting: int = 0

    def __add__(self, other: "Retried") -> "Retried":
        return Retried(self.applied + other.applied, self.waiting + other.waiting)


def retry(feed: Feed, *, stream: UUID | None = None, error: str | None = None, reread: Reread | None = None) -> Retried:
    """Tries parked streams of a feed again: one stream, those with one class of error, or all.

    A stream that jumped is read again with `reread`, so that what was missing comes before what waits. Each stream has
    a transaction of its own. May run beside the feed itself.
    """
    with feed.database.connection() as connection:
        streams = [stream] if stream is not None else _blocked(connection, feed.place.feed, error)
    result = Retried()
    for each in streams:
        result += _retry(feed, each, reread)
    return result


def discard(feed: Feed, parked: int, *, actor: str, reason: str) -> Retried:
    """Gives up one parked fact for good and goes on with its stream behind it. The entry stays, with actor and reason.

    Raises `LookupError` if nothing of this id waits. The reason is kept: it holds no personal data.
    """
    with _alone(feed) as connection:
        row = connection.execute(
            "SELECT stream, version, append_id, (sealed ->> 'recorded_at')::timestamptz FROM parked"
            " WHERE id = %s AND feed = %s AND state = 'parked'",
            (parked, feed.place.feed),
        ).fetchone()
        if row is None:
            raise LookupError(f"Nothing parked here has the number {parked}.")
        stream, version, append_id, recorded_at = row
        parking.give_up(connection, parked, actor, reason)
        if stream is None:
            return Retried()
        at = places.known(connection, feed.place.feed, [stream])[stream]
        if version > at.version:
            at = places.Applied(version, append_id, recorded_at, blocked=True)
            places.save(connection, feed.place.feed, {stream: at})
    return _retry(feed, stream, None)


@contextmanager
def _alone(feed: Feed) -> Iterator[Connection[Any]]:
    """A transaction in which no batch of the view is under way."""
    view = feed.place.view
    with feed.database.transaction() as connection:
        places.lock(connection, view, alone=True)
        yield connection


def _blocked(connection: Connection[Any], feed: int, error: str | None) -> list[UUID]:
    rows = connection.execute(
        "SELECT DISTINCT stream FROM parked WHERE feed = %s AND state = 'parked' AND stream IS NOT NULL"
        " AND (%s::text IS NULL OR error = %s) ORDER BY stream",
        (feed, error, error),
    ).fetchall()
    return [row[0] for row in rows]


def _retry(feed: Feed, stream: UUID, reread: Reread | None) -> Retried:
    number = feed.place.feed
    found = _reread(feed, stream, reread) if reread else ()
    with _alone(feed) as connection:
        at = places.known(connection, number, [stream]).get(stream)
        waiting = parking.waiting(connection, number, stream)
        if at is None:
            return Retried()
        missing = _missing(waiting, at.version, found)
        at.blocked = False
        batch = _fold(feed, connection, [*missing, *waiting], at, stream)
        parking.remove(connection, number, stream)
        parking.keep(connection, number, batch.held)
        batch.changed[stream] = at
        places.save(connection, number, batch.changed)
        _count(connection, number, batch, missing)
        applied = sum(each.applied for each in batch.counts.values())
        return Retried(applied, len(batch.held))


def _reread(feed: Feed, stream: UUID, reread: Reread) -> Sequence[Delivery]:
    """Before the view is locked: reading a whole topic takes long, and the view goes on meanwhile."""
    with feed.database.connection() as connection:
        at = places.known(connection, feed.place.feed, [stream]).get(stream)
    return reread(stream, at.version) if at else ()


def _missing(waiting: Sequence[Delivery], version: int, found: Sequence[Delivery]) -> list[Delivery]:
    """What was reread and does not wait here already: the versions before the first that waits."""
    here = {each.sealed.version for each in waiting if isinstance(each.sealed, Sealed)}
    kept: dict[int, Delivery] = {}
    for each in found:
        sealed = each.sealed
        if (
            isinstance(sealed, Sealed)
            and version < sealed.version < max(here, default=0)
            and sealed.version not in here
        ):
            kept.setdefault(sealed.version, each)
    return [kept[number] for number in sorted(kept)]


def _fold(
    feed: Feed, connection: Connection[Any], facts: Sequence[Delivery], at: places.Applied, stream: UUID
) -> Batch:
    facts = sorted(facts, key=lambda each: 0 if isinstance(each.sealed, Malformed) else each.sealed.version)
    sealed = [each.sealed for each in facts if isinstance(each.sealed, Sealed)]
    wanted = [each for each in sealed if feed.subscriber.wants(each.type) and each.version > at.version]
    opened = feed.opener.open(connection, wanted)
    fold = feed.subscriber.begin(connection, [e for e in opened.values() if not isinstance(e, Exception)])
    batch = Batch({stream: at}, feed.place.late, None)
    batch.fold(facts, fold, opened)
    erasure.write(connection, feed.place.view, fold, batch.erased)
    return batch


def _count(connection: Connection[Any], feed: int, batch: Batch, missing: Sequence[Delivery]) -> None:
    """Facts that waited were counted as consumed when they came; those that had never come are so now."""
    for shard, counts in batch.counts.items():
        late = sum(each.shard == shard for each in missing)
        connection.execute(
            "UPDATE checkpoints SET consumed = consumed + %s, applied = applied + %s, repeats = repeats + %s,"
            " unknown = unknown + %s WHERE feed = %s AND shard = %s",
            (late, counts.applied, counts.repeats, counts.unknown, feed, shard),
        )
