"""Timers: what happens by itself when time has passed. Scheduled, moved and cancelled in the append that decides it."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from crm.chassis.database import Database, connect
from crm.chassis.decider import Aggregate, Rejected
from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Context, Disconnected, EventLog, Idempotency
from crm.chassis.log.postgres import CHANNEL

LEASE = timedelta(seconds=30)
IDLE_S = 1.0
"""How long the worker sleeps at most when nothing is due."""
LONGEST_BACKOFF = timedelta(hours=1)

_LEASE = """
    UPDATE timers SET leased_until = %(now)s + %(lease)s, attempts = attempts + 1
    WHERE (stream, name) IN (
        SELECT stream, name FROM timers
        WHERE due_at <= %(now)s AND (leased_until IS NULL OR leased_until < %(now)s) AND name = ANY(%(names)s)
        ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING stream, name, due_at, scheduled_by, attempts
"""

_log = logging.getLogger("crm.timers")


@dataclass(frozen=True)
class Timer:
    """What a timer of an aggregate does when it is due: `command(state, due_at=…)`, decided on the state of then."""

    name: str
    aggregate: Aggregate[Any, Any]
    command: Callable[..., Any]


@dataclass(frozen=True)
class Due:
    """A timer whose time has come."""

    stream: UUID
    name: str
    due_at: datetime
    scheduled_by: str
    attempts: int


class TimerWorker:
    """Fires due timers. Several may run; each timer is leased by one. `clock` gives the time (UTC)."""

    def __init__(
        self,
        timers: Sequence[Timer],
        database: Database,
        log: EventLog,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._timers: Mapping[str, Timer] = {each.name: each for each in timers}
        self._database, self._log, self._clock = database, log, clock

    def run(self, stop: threading.Event) -> None:
        """Fires timers until told to stop. Goes on by itself after the database was away."""
        while self._timers and not stop.is_set():
            try:
                with connect(self._database.dsn, application="timers") as connection:
                    connection.execute(f"LISTEN {CHANNEL}".encode())
                    while not stop.is_set():
                        if not self.fire_due():
                            self._sleep(connection)
            except (psycopg.OperationalError, Disconnected):
                stop.wait(IDLE_S)

    def fire_due(self, limit: int = 50) -> int:
        """Fires what is due now and returns how many timers that were."""
        # Leased in one transaction, appended in another: an append must not load after its transaction has an id.
        params = {"now": self._clock(), "lease": LEASE, "limit": limit, "names": list(self._timers)}
        with self._database.connection() as connection:
            due = [Due(*row) for row in connection.execute(_LEASE, params).fetchall()]
        for each in sorted(due, key=lambda each: each.due_at):
            self._fire(each)
        return len(due)

    def _fire(self, due: Due) -> None:
        timer = self._timers[due.name]
        moment = due.due_at.isoformat()
        context = Context(
            actor=f"timer:{due.name}",
            channel="timer",
            causation_id=due.scheduled_by,
            occurred_at=due.due_at,
            idempotency=Idempotency(f"timer:{due.name}", f"{due.scheduled_by}:{moment}", b""),
        )
        try:
            command = partial(timer.command, due_at=due.due_at)
            self._log.commands(context).execute(timer.aggregate, due.stream, command)
        except Rejected as refusal:
            _log.info("timer refused", extra={"timer": due.name, "stream": str(due.stream), "why": str(refusal)})
        except (Conflict, Disconnected, KeyringUnavailable):
            return  # still leased; fires again after the lease
        except Exception as error:
            self._put_off(due, error)
            return
        self._done(due)

    def _done(self, due: Due) -> None:
        # Only if the decision has not moved it: the same name may be scheduled again already.
        statement = "DELETE FROM timers WHERE stream = %s AND name = %s AND due_at = %s AND scheduled_by = %s"
        with self._database.connection() as connection:
            connection.execute(statement, (due.stream, due.name, due.due_at, due.scheduled_by))

    def _put_off(self, due: Due, error: Exception) -> None:
        _log.error("timer failed", extra={"timer": due.name, "stream": str(due.stream), "error": type(error).__name__})
        again = min(LEASE * 2 ** min(due.attempts, 10), LONGEST_BACKOFF)
        statement = "UPDATE timers SET leased_until = %s, last_error = %s WHERE stream = %s AND name = %s"
        with self._database.connection() as connection:
            connection.execute(statement, (self._clock() + again, type(error).__name__, due.stream, due.name))

    def _sleep(self, connection: Connection[Any]) -> None:
        row = connection.execute("SELECT min(due_at) FROM timers WHERE leased_until IS NULL").fetchone()
        next_due = row[0] if row else None
        wait_s = IDLE_S if next_due is None else (next_due - self._clock()).total_seconds()
        for _ in connection.notifies(timeout=min(max(wait_s, 0.005), IDLE_S), stop_after=1):
            return
