"""Rebuilding a view from the whole history while it is in use: built beside, caught up, switched.

A rebuild may be killed at any point and started again: every chunk keeps how far it is. Facts of erased people open as
erased, for their keys are destroyed. Policies never run here.
"""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.errors import LockNotAvailable

from crm.chassis.database import Database, connect
from crm.chassis.keys import Keys
from crm.chassis.projection import decisions, places, retrying, standing, swapping
from crm.chassis.projection.building import CHUNK, Progress, Scan, Tell, follow_log, follow_topic, scan_log
from crm.chassis.projection.delivery import LOG_SHARD, START, Mark
from crm.chassis.projection.feed import Feed
from crm.chassis.projection.loops import LogTail
from crm.chassis.projection.sources import History, TopicHistory
from crm.chassis.projection.view import View

NEW = "_new"
SWITCH_ATTEMPTS = 20
_JOBS = 0x7265_6275


class AlreadyRunning(Exception):  # noqa: N818
    """Another process rebuilds this view."""


@dataclass(frozen=True)
class Past:
    """Where a service's views can read everything again."""

    service: str
    history: History
    tail: LogTail
    topics: TopicHistory | None = None


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild did. `switch_s` is how long the live view stood still."""

    facts: int
    seconds: float
    switch_s: float


def rebuild(
    database: Database,
    view: View[Any],
    keys: Keys,
    past: Past,
    *,
    actor: str,
    tell: Tell = lambda progress: None,
    lenient: bool = False,
    chunk: int = CHUNK,
) -> Rebuilt:
    """Builds a view's tables beside the live ones and switches. Also builds a new version beside the old one.

    Goes on where an earlier attempt was cut. `lenient`: facts that fail are parked, however many. Raises
    `AlreadyRunning`, and `NotRunning` with the reason if the view's handlers fail so often that it stops.
    """
    started = time.perf_counter()
    with _only_job(database, view):
        job = _Job(database, view, keys, past, tell, chunk)
        job.begin(actor, lenient)
        job.build()
        switch_s = job.switch()
        job.tidy()
        return Rebuilt(job.facts, time.perf_counter() - started, switch_s)


def unbuilt(connection: Connection[Any], views: Iterable[View[Any]]) -> list[View[Any]]:
    """The views that wait to be built by a job: new versions of views that are at work."""
    states = standing.states(connection)
    return [view for view in views if states.get(view.name, ("", None))[0] == standing.BUILDING]


def give_up(database: Database, view: View[Any]) -> None:
    """Removes what a rebuild that was cut has built so far. Raises `AlreadyRunning` if it runs."""
    with _only_job(database, view), database.transaction() as connection:
        swapping.drop(connection, view.beside(NEW))
        connection.execute("DELETE FROM rebuilds WHERE name = %s AND finished_at IS NULL", (view.name,))


class _Job:
    """One rebuild under way."""

    def __init__(self, database: Database, view: View[Any], keys: Keys, past: Past, tell: Tell, chunk: int) -> None:
        self._database, self._view, self._past, self._chunk = database, view, past, chunk
        self._built = view.beside(NEW)
        self._feeds = {
            source: Feed(database, self._built, source, keys, state=standing.BUILDING, bulk=True)
            for source in standing.sources_of(view)
            if source == past.service or past.topics is not None
        }
        self._rebuild = 0
        self._scan: Scan | None = None
        self._tell = tell
        self.facts = 0

    def begin(self, actor: str, lenient: bool) -> None:
        """Makes the tables, or finds how far an earlier attempt came."""
        self.tidy()
        with self._database.connection() as connection:
            row = connection.execute(
                "SELECT rebuild, scanned FROM rebuilds WHERE name = %s AND finished_at IS NULL", (self._view.name,)
            ).fetchone()
            if row is None:
                swapping.drop(connection, self._built)
                row = self._new_tables(connection, actor)
            connection.execute("UPDATE view_state SET lenient = %s WHERE name = %s", (lenient, self._built.name))
        self._rebuild, scanned = row
        if self._past.service in scanned:
            self._scan = Scan.restored(scanned[self._past.service])
        for feed in self._feeds.values():
            feed.open()
            retrying.retry(feed)  # what an earlier attempt parked; the cause may be mended since

    def _new_tables(self, connection: Connection[Any], actor: str) -> Any:
        with connection.transaction():
            standing.create_tables(connection, self._built)
            standing.register(connection, self._built, standing.BUILDING)
            for source in standing.sources_of(self._view):
                standing.new_feed(connection, self._built.name, source)
            return connection.execute(
                "INSERT INTO rebuilds (name, actor) VALUES (%s, %s) RETURNING rebuild, scanned",
                (self._view.name, actor),
            ).fetchone()

    def build(self) -> None:
        """The own log by streams up to now; then everything up to where the live view is."""
        own = self._feeds.get(self._past.service)
        if own is not None and (scan := self._scan_to_do()) is not None:
            scan_log(own, self._past.history, scan, self._rebuild, self._count, self._chunk)
        self.follow()

    def _scan_to_do(self) -> Scan | None:
        if self._scan is None and (until := self._goal_of_scan()) is not None:
            self._scan = Scan(until)
        return self._scan if self._scan and not self._scan.done else None

    def _goal_of_scan(self) -> Mark | None:
        """Never beyond the live view, which may be behind or stopped."""
        end = self._past.history.end()
        live = self._goals().get(self._past.service)
        if live is None or end is None:
            return end
        goal = min(end, live.get(LOG_SHARD, START))
        return goal if goal != START else None

    def follow(self) -> None:
        """Takes what the live view took meanwhile."""
        for source, goal in self._goals().items():
            feed = self._feeds.get(source)
            if feed is None:
                continue
            if source == self._past.service:
                follow_log(feed, self._past.tail, goal, self._count, self._chunk)
            elif self._past.topics is not None:
                follow_topic(feed, self._past.topics, goal, self._count, self._chunk)

    def switch(self) -> float:
        """Holds the live view still, takes the rest, switches. Returns for how long it stood still, in seconds."""
        decisions.carry(self._database, self._view.name, self._built.name, self._feeds)
        with connect(self._database.dsn, application="rebuild", limited=False) as session:
            live = self._live_id(session)
            for _ in range(SWITCH_ATTEMPTS):
                self.follow()
                started = time.perf_counter()
                session.execute("SELECT pg_advisory_lock(%s, %s)", (places.LOCKS, live))
                try:
                    self.follow()
                    swapping.switch(session, self._view, self._built, self._rebuild)
                    return time.perf_counter() - started
                except (swapping.NotReached, LockNotAvailable):
                    continue
                finally:
                    session.execute("SELECT pg_advisory_unlock(%s, %s)", (places.LOCKS, live))
        raise swapping.NotReached(f"{self._view.name} is too busy to be switched now. Start the rebuild again later.")

    def tidy(self) -> None:
        """Removes what an earlier switch left behind; it may take its time, in many short transactions."""
        with connect(self._database.dsn, application="rebuild", limited=False) as session:
            swapping.tidy(session, self._view)

    def _live_id(self, connection: Connection[Any]) -> int:
        row = connection.execute("SELECT view FROM view_state WHERE name = %s", (self._view.name,)).fetchone()
        if row is None:
            raise LookupError(f"{self._view.name} was never prepared.")
        return int(row[0])

    def _goals(self) -> dict[str, dict[int, Mark]]:
        """Where the live view stands; for a new version, where the version at work stands."""
        with self._database.connection() as connection:
            rows = connection.execute(
                "SELECT feeds.source, feeds.feed FROM view_state JOIN feeds USING (view)"
                " WHERE view = (SELECT view FROM view_state WHERE family = %(family)s AND state <> 'building'"
                "  ORDER BY (name = %(name)s) DESC, view DESC LIMIT 1)",
                {"family": self._view.family, "name": self._view.name},
            ).fetchall()
            return {source: places.marks(connection, feed) for source, feed in rows}

    def _count(self, progress: Progress) -> None:
        self.facts += progress.facts
        self._tell(progress)


@contextmanager
def _only_job(database: Database, view: View[Any]) -> Iterator[None]:
    with connect(database.dsn, application=f"rebuild {view.name}") as session:
        row = session.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_JOBS, view.name)).fetchone()
        if not (row and row[0]):
            raise AlreadyRunning(f"{view.name} is being rebuilt by another process.")
        try:
            yield
        finally:
            # Closing alone frees it only when the server notices, and a new attempt would be refused until then.
            session.execute("SELECT pg_advisory_unlock_all()")
