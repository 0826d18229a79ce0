"""Where a subscriber stands: the checkpoints of its feeds, and the last version it applied of every stream."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from crm.chassis.packing import packed
from crm.chassis.projection.columns import KINDS
from crm.chassis.projection.delivery import START, Mark
from crm.chassis.projection.rows import copy_binary
from crm.events import Position

LOCKS = 0x7669_6577
"""The class of the advisory locks on views."""

_UUID, _INT, _BOOL, _MOMENT = KINDS[UUID], KINDS[int], KINDS[bool], KINDS[datetime]

_KNOWN = b"""
    SELECT stream, version, append_id, recorded_at, blocked FROM applied
    WHERE feed = %s AND stream = ANY(%b::uuid[])
"""
_SAVE_APPLIED = b"""
    INSERT INTO applied (feed, stream, version, append_id, recorded_at, blocked)
    SELECT %s, * FROM unnest(%b::uuid[], %b::bigint[], %b::uuid[], %b::timestamptz[], %b::boolean[])
    ON CONFLICT (feed, stream) DO UPDATE SET version = excluded.version, append_id = excluded.append_id,
        recorded_at = excluded.recorded_at, blocked = excluded.blocked
"""
_COPY_APPLIED = b"COPY applied (feed, stream, version, append_id, recorded_at, blocked) FROM STDIN (FORMAT BINARY)"
_APPLIED_ENCODERS = (lambda feed: b"\0\0\0\x04" + feed, *(k.encode for k in (_UUID, _INT, _UUID, _MOMENT, _BOOL)))
_STANDING = b"""
    SELECT view_state.state, shard, era, tx, number
    FROM feeds JOIN view_state USING (view) LEFT JOIN checkpoints USING (feed) WHERE feed = %s
"""
# Compared as well as locked: what another worker moved is not moved back.
_MOVE = b"""
    INSERT INTO checkpoints AS here
        (feed, shard, era, tx, number, consumed, applied, repeats, unknown, recorded_at)
    VALUES (%(feed)s, %(shard)s, %(era)s, %(tx)s, %(number)s, %(consumed)s, %(applied)s, %(repeats)s, %(unknown)s,
        %(recorded_at)s)
    ON CONFLICT (feed, shard) DO UPDATE SET era = excluded.era, tx = excluded.tx, number = excluded.number,
        consumed = here.consumed + excluded.consumed, applied = here.applied + excluded.applied,
        repeats = here.repeats + excluded.repeats, unknown = here.unknown + excluded.unknown,
        recorded_at = excluded.recorded_at, moved_at = now()
    WHERE (here.era, here.tx, here.number) = (%(was_era)s, %(was_tx)s, %(was_number)s)
"""


class Overtaken(Exception):  # noqa: N818
    """Another worker moved a checkpoint meanwhile: what was done here is discarded."""


@dataclass
class Applied:
    """How far one stream is applied. Blocked: a fact of it is parked, later ones queue."""

    version: int
    append_id: UUID
    recorded_at: datetime | None
    blocked: bool = False
    saved: int = -1
    """The version it was at when it was read."""


@dataclass
class Counts:
    """What became of the facts of one shard in a batch (invariant I7)."""

    consumed: int = 0
    applied: int = 0
    repeats: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class FeedPlace:
    """A feed as it is known in the database."""

    feed: int
    view: int
    late: bool
    state: str
    lenient: bool
    reason: str | None = None


NEVER = UUID(int=0)
"""The append of nothing."""


def find(connection: Connection[Any], name: str, source: str) -> FeedPlace | None:
    """A subscriber's feed of a service's facts; None if `prepare` has not run for it."""
    row = connection.execute(
        "SELECT feeds.feed, feeds.view, feeds.late, view_state.state, view_state.lenient, view_state.reason"
        " FROM view_state JOIN feeds USING (view) WHERE view_state.name = %s AND feeds.source = %s",
        (name, source),
    ).fetchone()
    return FeedPlace(*row) if row else None


def remember_topic(connection: Connection[Any], feed: int, topic_id: str) -> str:
    """The topic that a feed's checkpoints are places in; this one, if none was known."""
    row = connection.execute(
        "UPDATE feeds SET topic_id = coalesce(topic_id, %s) WHERE feed = %s RETURNING topic_id", (topic_id, feed)
    ).fetchone()
    return str(row[0]) if row else topic_id


def begin_topic_anew(connection: Connection[Any], source: str, topic_id: str, actor: str) -> int:
    """Sets every feed that stands in an older topic of a service to the beginning of this one, on record.

    What was applied is recognised there. Returns how many feeds that were.
    """
    with connection.transaction():
        feeds = connection.execute(
            "UPDATE feeds SET topic_id = %s WHERE source = %s AND topic_id <> %s RETURNING feed",
            (topic_id, source, topic_id),
        ).fetchall()
        ids = [feed for (feed,) in feeds]
        connection.execute(
            "UPDATE checkpoints SET era = 0, tx = 0, number = 0, high = '{0,0,0}' WHERE feed = ANY(%s)", (ids,)
        )
        connection.execute(
            "INSERT INTO rebuilds (name, actor, finished_at) SELECT view_state.name || ' from ' || source, %s, now()"
            " FROM feeds JOIN view_state USING (view) WHERE feed = ANY(%s)",
            (actor, ids),
        )
    return len(ids)


def lock(connection: Connection[Any], view: int, *, alone: bool) -> None:
    """Waits until this transaction may change a view, alone or beside other feeds of it.

    An advisory lock takes no transaction id, so waiting, reading and folding under it hold no reader of a log back.
    """
    function = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    connection.execute(f"SELECT {function}(%s, %s)".encode(), (LOCKS, view))


def marks(connection: Connection[Any], feed: int) -> dict[int, Mark]:
    """The checkpoints of a feed, by shard."""
    rows = connection.execute("SELECT shard, era, tx, number FROM checkpoints WHERE feed = %s", (feed,)).fetchall()
    return {shard: Position(*mark) for shard, *mark in rows}


def compare(connection: Connection[Any], feed: int, state: str, expected: Mapping[int, Mark]) -> None:
    """Raises `Overtaken` unless the feed is there, in this state, with its checkpoints where this worker left them."""
    rows = connection.execute(_STANDING, (feed,)).fetchall()
    if not rows or rows[0][0] != state:
        raise Overtaken
    now = {shard: Position(*mark) for _, shard, *mark in rows if shard is not None}
    if any(now.get(shard, START) != mark for shard, mark in expected.items()):
        raise Overtaken


def move(
    connection: Connection[Any],
    feed: int,
    shard: int,
    was: Mark,
    mark: Mark,
    counts: Counts,
    recorded_at: datetime | None,
) -> None:
    """Moves a checkpoint and adds to its counters. Raises `Overtaken` if it is not where it was."""
    new = {"feed": feed, "shard": shard, "era": mark.era, "tx": mark.tx, "number": mark.number} | vars(counts)
    new |= {"was_era": was.era, "was_tx": was.tx, "was_number": was.number, "recorded_at": recorded_at}
    if connection.execute(_MOVE, new).rowcount != 1:
        raise Overtaken


def known(connection: Connection[Any], feed: int, streams: Collection[UUID]) -> dict[UUID, Applied]:
    """How far some streams are applied; those never seen are absent."""
    with connection.cursor(binary=True) as cursor:
        rows = cursor.execute(_KNOWN, (feed, packed(_UUID.oid, _UUID.encode, streams))).fetchall()
    return {
        stream: Applied(version, append_id, recorded_at, blocked, version)
        for stream, version, append_id, recorded_at, blocked in rows
    }


def save(connection: Connection[Any], feed: int, streams: Mapping[UUID, Applied], new: Collection[UUID] = ()) -> None:
    """Keeps how far streams are applied. Those that are certainly `new` to this feed are copied, which is faster."""
    fresh = {stream: at for stream, at in streams.items() if stream in new} if new else {}
    if fresh:
        _copy(connection, feed, fresh)
    changed = sorted(
        ((stream, at) for stream, at in streams.items() if stream not in fresh), key=lambda each: each[0].int
    )
    if not changed:
        return
    columns = (
        packed(_UUID.oid, _UUID.encode, (stream for stream, _ in changed)),
        packed(_INT.oid, _INT.encode, (at.version for _, at in changed)),
        packed(_UUID.oid, _UUID.encode, (at.append_id for _, at in changed)),
        packed(_MOMENT.oid, _MOMENT.encode, (at.recorded_at for _, at in changed)),
        packed(_BOOL.oid, _BOOL.encode, (at.blocked for _, at in changed)),
    )
    connection.execute(_SAVE_APPLIED, (feed, *columns))


def _copy(connection: Connection[Any], feed: int, streams: Mapping[UUID, Applied]) -> None:
    number = feed.to_bytes(4, "big")
    records = [(number, s, at.version, at.append_id, at.recorded_at, at.blocked) for s, at in streams.items()]
    copy_binary(connection, _COPY_APPLIED, _APPLIED_ENCODERS, records)
