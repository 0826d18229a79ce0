"""The `eventsourcing` library as a whole: its aggregates, its application, and its ProjectionRunner for the view."""

import threading
import time
from collections.abc import Callable
from typing import Any

from eventsourcing.application import Application
from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import Aggregate
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.sql import SQL

from bench.path.crew import Told
from bench.path.facts import REASON
from bench.path.lines import Pace
from bench.path.peers.stock import settings
from bench.path.waiting import WRITERS, on_schedule

PER_MEMBER = 10
LOOK_EVERY_S = 0.02


class Member(Aggregate):
    """A stream of facts, as the library has it."""

    class Earned(Aggregate.Event):
        points: int
        reason: str
        at_ns: int

    def earn(self, points: int, reason: str, at_ns: int = 0) -> None:
        self.trigger_event(self.Earned, points=points, reason=reason, at_ns=at_ns)


class Members(Application[Any]):
    """Saves them."""


class Balances(PostgresTrackingRecorder):
    """The rows, written with the place in the log in one transaction."""

    def __init__(self, datastore: Any, **names: Any) -> None:
        super().__init__(datastore, **names)
        self.sql_create_statements.append(
            SQL(
                "CREATE TABLE IF NOT EXISTS balances (member uuid PRIMARY KEY, points bigint, facts bigint,"
                " reason text, changed_at timestamptz)"
            ).format()
        )

    def earn(self, event: Member.Earned, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(
                "INSERT INTO balances AS here VALUES (%s, %s, 1, %s, %s) ON CONFLICT (member) DO UPDATE SET"
                " points = here.points + excluded.points, facts = here.facts + 1, reason = excluded.reason,"
                " changed_at = excluded.changed_at",
                (event.originator_id, event.points, event.reason, event.timestamp),
                prepare=True,
            )


class BalancesProjection(Projection[Balances]):
    """Calls `took` after the commit of each fact."""

    name = "balances"
    topics = (get_topic(Member.Earned),)
    took: Callable[[Member.Earned], object] = staticmethod(lambda event: None)

    @singledispatchmethod
    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.earn(domain_event, tracking)
        BalancesProjection.took(domain_event)


def write(told: Told, dsn: str, seconds: float) -> int:
    """Saves on schedule, each thread with members of its own."""
    app, members = Members(_env(dsn)), [Member() for _ in range(WRITERS)]
    app.save(*members)
    free, lock = list(members), threading.Lock()

    def append(at_ns: int) -> None:
        with lock:
            member = free.pop()
        member.earn(1, REASON, at_ns)
        app.save(member)
        free.append(member)

    return on_schedule(told, seconds, append)


def keep(told: Told, dsn: str, facts: int) -> list[tuple[float, float]]:
    """Keeps the view until so many facts are in it, or none come. Returns when each was due, and when it was there."""
    seen: list[tuple[float, float]] = []
    BalancesProjection.took = staticmethod(lambda event: seen.append((event.at_ns / 1e9, time.monotonic())))
    with _runner(dsn):
        told.ready()
        while len(seen) < facts and not told.stop.is_set():
            time.sleep(LOOK_EVERY_S)
    return seen


def rebuild(told: Told, dsn: str, facts: int) -> float:
    """Builds the view from the beginning. Returns facts per second."""
    pace = Pace(facts)
    BalancesProjection.took = staticmethod(lambda event: pace.took(1))
    told.ready()
    with _runner(dsn):
        while not (pace.is_done or told.stop.is_set()):
            time.sleep(LOOK_EVERY_S)
    return pace.rate


def create_tables(dsn: str) -> None:
    """The library's tables and the rows', before several processes would make them at once."""
    with _runner(dsn):
        pass


def fill(dsn: str, facts: int) -> None:
    """Writes a log of so many facts."""
    app = Members(_env(dsn))
    for _ in range(facts // PER_MEMBER // 100 + 1):
        members = [Member() for _ in range(100)]
        for member in members:
            for points in range(PER_MEMBER):
                member.earn(points, REASON)
        app.save(*members)
    app.close()


def _runner(dsn: str) -> ProjectionRunner[Members, Balances]:
    return ProjectionRunner(
        application_class=Members, projection_class=BalancesProjection, view_class=Balances, env=_env(dsn)
    )


def _env(dsn: str) -> dict[str, str]:
    given = {f"POSTGRES_{name.upper()}": value for name, value in settings(dsn).items()}
    return given | {"PERSISTENCE_MODULE": "eventsourcing.postgres"}
