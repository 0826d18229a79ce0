"""Collecting what the audit looks at: from every service's database and topic, in an order that lets work go on.

Positions first, then views, then topics, then logs: what a view or a topic shows must be in what is read after it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from crm.chassis.audit.scratch import CHUNK, Scratch
from crm.chassis.database import connect
from crm.chassis.kafka import MalformedRecord, end_offsets, find_topic, first_offsets, read_topic, topic_of
from crm.chassis.log.reading import SETTLED
from crm.events import Position

LOOK_AGAIN_S = 0.25


@dataclass(frozen=True)
class Place:
    """One service's database. `timeline` is the table of the unified history, where this place has it."""

    service: str
    dsn: str
    timeline: str | None = None


_FACTS = f"""
    SELECT originator_id::text, originator_version, append_id::text, partition_key::text, era, tx::text::bigint,
        notification_id, (era, tx, notification_id) <= (%s::integer, %s::text::xid8, %s::bigint), contact_ids::text[]
    FROM events WHERE {SETTLED}
"""
_FEEDS = """
    SELECT feed, name, source, late, state FROM feeds JOIN view_state USING (view)
"""
_MARKS = """
    SELECT feed, shard, era, tx, checkpoints.number, consumed, applied, repeats,
        (SELECT count(*) FROM parked WHERE parked.feed = checkpoints.feed AND parked.shard = checkpoints.shard)
    FROM checkpoints
"""
_HIGH_WATER = """
    SELECT 'relay', 0, era, tx, number, high[1], high[2], high[3] FROM relay_position
    UNION ALL
    SELECT view_state.name || ' from ' || source, shard, era, tx, checkpoints.number, high[1], high[2], high[3]
    FROM checkpoints JOIN feeds USING (feed) JOIN view_state USING (view)
"""
_TIMELINE_BEHIND = """
    SELECT feeds.source, checkpoints.shard, checkpoints.era, checkpoints.tx, checkpoints.number
    FROM view_state JOIN feeds USING (view) LEFT JOIN checkpoints USING (feed) WHERE view_state.name = %s
"""


def collect(
    found: Scratch, places: Sequence[Place], bootstrap: str, wait_s: float, tell: Callable[[str], None]
) -> list[str]:
    """Reads everything into the scratch file. Returns what did not catch up in time."""
    published = {place.service: _relay_position(place) for place in places}
    behind = [each for place in places if place.timeline for each in _await(place, published, bootstrap, wait_s, tell)]
    for place in places:
        tell(f"Reading the views of {place.service}")
        _collect_views(found, place)
    for place in places:
        tell(f"Reading the topic of {place.service}")
        _collect_topic(found, place, bootstrap)
    for place in places:
        tell(f"Reading the log of {place.service}")
        _collect_log(found, place, published[place.service])
    return behind


def _relay_position(place: Place) -> Position:
    with connect(place.dsn, application="audit", limited=False) as connection:
        row = connection.execute("SELECT era, tx, number FROM relay_position").fetchone()
    return Position(*row) if row else Position(0, 0, 0)


def _await(
    place: Place, published: dict[str, Position], bootstrap: str, wait_s: float, tell: Callable[[str], None]
) -> list[str]:
    """Waits until the timeline has read everything that is published now."""
    deadline = time.monotonic() + wait_s
    ends = {service: _ends(bootstrap, service) for service in published if service != place.service}
    tell("Waiting for the history to catch up")
    while True:
        behind = _behind(place, published[place.service], ends)
        if not behind or time.monotonic() > deadline:
            return behind
        time.sleep(LOOK_AGAIN_S)


def _ends(bootstrap: str, service: str) -> dict[int, int]:
    return end_offsets(bootstrap, topic_of(service)) if find_topic(bootstrap, topic_of(service)) else {}


def _behind(place: Place, own: Position, ends: dict[str, dict[int, int]]) -> list[str]:
    with connect(place.dsn, application="audit", limited=False) as connection:
        rows = connection.execute(_TIMELINE_BEHIND, (place.timeline,)).fetchall()
    read = {(row[0], row[1]): Position(*row[2:]) for row in rows if row[1] is not None}
    late = [f"{place.timeline} from {place.service}"] if read.get((place.service, 0), Position(0, 0, 0)) < own else []
    return late + [
        f"{place.timeline} from {service}/{partition}"
        for service, offsets in ends.items()
        for partition, end in offsets.items()
        if end > 0 and read.get((service, partition), Position(0, 0, 0)).number < end
    ]


def _collect_views(found: Scratch, place: Place) -> None:
    with connect(place.dsn, application="audit", limited=False) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        found.add("feeds", ((place.service, *row) for row in connection.execute(_FEEDS)))
        found.add("marks", ((place.service, *row) for row in connection.execute(_MARKS)))
        found.add("high_water", ((place.service, *row) for row in connection.execute(_HIGH_WATER)))
        applied = "SELECT feed, stream::text, version, blocked FROM applied"
        found.add("applied", ((place.service, *row) for row in _streamed(connection, applied)))
        if place.timeline:
            items = f"SELECT contact_id::text, service, stream::text, version FROM {place.timeline}"
            found.add("items", _streamed(connection, items))


def _collect_log(found: Scratch, place: Place, published: Position) -> None:
    params = (published.era, str(published.tx), published.number)
    with connect(place.dsn, application="audit", limited=False) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for rows in _chunks(_streamed(connection, _FACTS, params)):
            found.add("facts", ((place.service, *row[:8]) for row in rows))
            found.add("about", ((place.service, c, row[0], row[1], row[7]) for row in rows for c in row[8]))


def _collect_topic(found: Scratch, place: Place, bootstrap: str) -> None:
    with connect(place.dsn, application="audit", limited=False) as connection:
        row = connection.execute("SELECT partitions FROM relay_position").fetchone()
    topic = find_topic(bootstrap, topic_of(place.service))
    if topic is None:
        return
    if row and row[0] is not None:
        found.add("partitions", [(place.service, row[0], topic.partitions)])
    found.add("records", _records(place.service, bootstrap))


def _records(service: str, bootstrap: str) -> Iterator[tuple[Any, ...]]:
    topic = topic_of(service)
    for fact, _, partition, offset in read_topic(bootstrap, topic, first_offsets(bootstrap, topic)):
        if not isinstance(fact, MalformedRecord):
            ids = (str(fact.stream), fact.version, str(fact.append_id), str(fact.partition_key))
            yield (service, partition, offset, *ids)


def _streamed(connection: Connection[Any], statement: str, params: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name="audit") as cursor:
        cursor.itersize = CHUNK
        yield from cursor.execute(statement, params)


def _chunks(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    chunk: list[tuple[Any, ...]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    yield chunk
