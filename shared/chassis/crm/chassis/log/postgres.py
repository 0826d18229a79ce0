"""The real store: PostgreSQL."""

import threading
import time
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from crm.chassis.database import Database, notify
from crm.chassis.log.excerpts import excerpt
from crm.chassis.log.recorder import FactRecorder, StoredFact
from crm.chassis.log.store import Append, Conflict, Disconnected, Excerpt, LateLoad, Remembered
from crm.events import Position, Sealed

CHANNEL = "log"
"""What those who tail the log listen on."""
SPACING_S = 0.004
"""How soon after one notification the next may follow, for each append it stood for: each is a transaction, and takes
a lock that all of them take."""
LONGEST_SPACING_S = 0.01
IDLE_S = 30.0

T = TypeVar("T")


class PostgresStore:
    """Facts in the table `events` of a service's own database. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._recorder = FactRecorder(database)
        self._waker = _Waker(database)

    def load(self, streams: Collection[UUID]) -> dict[UUID, list[Sealed]]:
        """Raises `LateLoad` if the transaction has its id already."""
        xid, facts = self._reached(lambda: self._recorder.load(list(streams)))
        if xid is not None:
            raise LateLoad(f"transaction {xid} has written already; load before writing, or in a new transaction")
        histories: dict[UUID, list[Sealed]] = {stream: [] for stream in streams}
        for fact in facts:
            histories[fact.stream].append(fact)
        return histories

    def append(self, append: Append) -> None:
        facts = [
            StoredFact(f.stream, f.version, f.type, f.value, f.partition_key, f.contact_ids, f.occurred_at)
            for f in append.facts
        ]
        self._reached(lambda: self._recorder.insert_events(facts, append=append))

    def landed(self, append: Append) -> bool:
        first = append.facts[0]
        found = self.load([first.stream])[first.stream]
        return any(each.append_id == append.append_id for each in found)

    def recall(self, caller: str, key: str) -> Remembered | None:
        params = (caller, key)
        statement = (
            "SELECT caller, key, request_hash, stream, version, event_ids, refusal"
            " FROM idempotency WHERE caller = %s AND key = %s"
        )

        def select() -> Remembered | None:
            with self.database.connection() as connection:
                row = connection.execute(statement, params).fetchone()
                if row is None:
                    return None
                _, _, request_hash, stream, version, event_ids, refusal = row
                return Remembered(caller, key, request_hash, stream, version, tuple(event_ids), refusal)

        return self._reached(select)

    def remember(self, remembered: Remembered) -> None:
        statement = (
            "INSERT INTO idempotency (caller, key, request_hash, stream, version, event_ids, refusal)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        )
        r = remembered
        refusal = Jsonb(r.refusal) if r.refusal else None
        params = (r.caller, r.key, r.request_hash, r.stream, r.version, list(r.event_ids), refusal)

        def insert() -> None:
            with self.database.connection() as connection:
                connection.execute(statement, params)

        self._reached(insert)

    def wake_readers(self) -> None:
        self._waker.wake()

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        return self._reached(lambda: self._recorder.read(after, limit))

    def excerpt(self, contacts: Collection[UUID], after: Position | None, *, most: int, window: int) -> Excerpt:
        return self._reached(lambda: excerpt(self.database, contacts, after, most=most, window=window))

    def _reached(self, work: Callable[[], T]) -> T:
        try:
            return work()
        except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected) as conflict:
            raise Conflict("somebody else wrote at the same moment") from conflict
        except psycopg.OperationalError as away:
            raise Disconnected("The database cannot be reached. Try again in a moment.") from away


class _Waker:
    """Notifies at once, and then once for all appends of a moment: the more there are, the longer the moment.

    Lost wake-ups cost a poll. Its thread ends when nothing is appended for a while, and begins again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted = threading.Event()
        self._appends = 0
        self._start = threading.Lock()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        self._appends += 1
        self._wanted.set()
        if self._thread is None:
            with self._start:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="wake-readers", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while True:
            while self._wanted.wait(IDLE_S):
                self._notify()
            with self._start:
                self._thread = None  # before it looks once more: whoever wants it from here on starts another
                if not self._wanted.is_set():
                    return
                self._thread = threading.current_thread()

    def _notify(self) -> None:
        self._wanted.clear()
        appends, self._appends = self._appends, 0
        try:
            with self._database.connection() as connection:
                notify(connection, CHANNEL)
        except psycopg.Error:
            pass  # readers poll as well; the database may be away
        time.sleep(min(SPACING_S * max(appends, 1), LONGEST_SPACING_S))
