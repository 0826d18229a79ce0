"""Whether subscribers run: by themselves, by a job, or not at all, and why. Also how they are made known at first."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from psycopg import Connection
from psycopg.types.json import Jsonb

from crm.chassis.projection.delivery import Mark
from crm.chassis.projection.subscriber import EVERYTHING, Subscriber
from crm.chassis.projection.view import View

RUNNING = "running"
BUILDING = "building"
STOPPED = "stopped"

SERVICES = ("contacts", "sales", "service-desk", "campaigns", "analytics")
"""Who there is, for subscribers that follow everybody."""

Ends: TypeAlias = Callable[[str], Mapping[int, Mark]]
"""Where a service's facts end now, by shard: its own log's last settled position, or the ends of its topic."""


def sources_of(subscriber: Subscriber) -> list[str]:
    """The services a subscriber follows, by name."""
    return sorted(SERVICES if EVERYTHING in subscriber.services else subscriber.services)


def prepare(connection: Connection[Any], subscribers: Iterable[Subscriber], ends: Ends | None = None) -> None:
    """Makes tables and feeds of the current versions, before any API is ready. May be repeated.

    A policy that is new starts at the present: `ends` tells where that is (nothing, on an empty log). A view starts at
    the beginning; if another version of it is at work already, it waits to be built beside it by a job.
    """
    for subscriber in subscribers:
        with connection.transaction():
            if isinstance(subscriber, View):
                create_tables(connection, subscriber)
                state = BUILDING if _has_older(connection, subscriber) else RUNNING
                register(connection, subscriber, state)
            else:
                register(connection, subscriber, RUNNING)
            for source in sources_of(subscriber):
                feed = new_feed(connection, subscriber.name, source)
                if feed is not None and subscriber.acts and ends is not None:
                    _start_at(connection, feed, ends(source))


def create_tables(connection: Connection[Any], view: View[Any]) -> None:
    """Makes the tables of a view and what its indexes need."""
    if any("_trgm_" in each for each in view.table.indexes):
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    view.table.create(connection)
    if view.history is not None:
        view.history.table.create(connection)


def register(connection: Connection[Any], subscriber: Subscriber, state: str) -> int:
    """Makes a subscriber known, with what an erasure blanks in its tables. Its state stays if it is known."""
    tables: list[str] = []
    subjects: dict[str, bool] = {}
    blanks: dict[str, str | None] = {}
    if isinstance(subscriber, View):
        tables = [subscriber.table.name, *([subscriber.history.table.name] if subscriber.history else [])]
        subjects, blanks = subscriber.table.rows.subjects, subscriber.table.rows.blanks
    row = connection.execute(
        "INSERT INTO view_state (name, family, state, tables, subjects, blanks) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET subjects = excluded.subjects, blanks = excluded.blanks,"
        " tables = excluded.tables RETURNING view",
        (subscriber.name, subscriber.family, state, tables, Jsonb(subjects), Jsonb(blanks)),
    ).fetchone()
    assert row
    return int(row[0])


def stop(connection: Connection[Any], name: str, reason: str) -> None:
    """Stops a subscriber until people resume it. The reason holds no personal data."""
    _change(connection, name, RUNNING, STOPPED, reason, lenient=False)


def resume(connection: Connection[Any], name: str, *, lenient: bool = False) -> bool:
    """Lets a stopped subscriber go on from its checkpoints; `lenient`: however many facts fail, they are parked.

    False if it was not stopped.
    """
    return _change(connection, name, STOPPED, RUNNING, None, lenient=lenient)


def states(connection: Connection[Any]) -> dict[str, tuple[str, str | None]]:
    """The state of every subscriber and, where it is stopped, the reason."""
    rows = connection.execute("SELECT name, state, reason FROM view_state ORDER BY name").fetchall()
    return {name: (state, reason) for name, state, reason in rows}


def _change(connection: Connection[Any], name: str, was: str, state: str, reason: str | None, *, lenient: bool) -> bool:
    changed = connection.execute(
        "UPDATE view_state SET state = %s, reason = %s, lenient = %s, since = now() WHERE name = %s AND state = %s",
        (state, reason, lenient, name, was),
    )
    return changed.rowcount == 1


def _has_older(connection: Connection[Any], view: View[Any]) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM view_state JOIN feeds USING (view) JOIN checkpoints USING (feed)"
        " WHERE family = %s AND name <> %s)",
        (view.family, view.name),
    ).fetchone()
    return bool(row and row[0])


def new_feed(connection: Connection[Any], name: str, source: str) -> int | None:
    row = connection.execute(
        "INSERT INTO feeds (view, source) SELECT view, %s FROM view_state WHERE name = %s"
        " ON CONFLICT DO NOTHING RETURNING feed",
        (source, name),
    ).fetchone()
    return int(row[0]) if row else None


def _start_at(connection: Connection[Any], feed: int, ends: Mapping[int, Mark]) -> None:
    for shard, mark in ends.items():
        connection.execute(
            "INSERT INTO checkpoints (feed, shard, era, tx, number) VALUES (%s, %s, %s, %s, %s)", (feed, shard, *mark)
        )
    connection.execute("UPDATE feeds SET late = %s WHERE feed = %s", (bool(ends), feed))
