"""Connections to the keyring: few, opened when needed, and quick to say that it is away.

Not a library's pool: those wait their whole timeout while a server refuses connections, and the threads that wait
would be missing for requests that need no key. Here a refused connection is an answer at once, nobody asks again for
a moment after that, and nothing runs while nobody asks.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import psycopg
from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from crm.chassis.keys.contract import KeyringUnavailable

T = TypeVar("T")
RV = TypeVar("RV")

CONNECT_S = 2
ANSWER_S = 3.0
"""How long we wait for an answer. The server itself ends a statement after `STATEMENT_MS`."""
STATEMENT_MS = 2_000
PAUSE_S = 1.0
"""How long the keyring is taken to be away after it was."""

_OPTIONS = " ".join(
    f"-c {setting}"
    for setting in (
        f"statement_timeout={STATEMENT_MS}",
        f"lock_timeout={STATEMENT_MS // 2}",
        f"idle_in_transaction_session_timeout={STATEMENT_MS}",
        "synchronous_commit=on",
        "timezone=UTC",
        "jit=off",
    )
)


class _NoAnswer(OperationalError):  # noqa: N818
    """The server took a question and is silent."""


class _Impatient(Connection[TupleRow]):
    """A connection that is given up when the server does not answer: a stopped server says nothing for ever."""

    answer_s = ANSWER_S

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        return super().wait(_until(gen, time.monotonic() + self.answer_s), interval)


def _until(gen: PQGen[RV], deadline: float) -> PQGen[RV]:
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready and time.monotonic() > deadline:
                raise _NoAnswer
            wanted = gen.send(ready)
    except StopIteration as end:
        result: RV = end.value
        return result


class Connections:
    """At most `max_size` connections, in autocommit. Thread-safe."""

    def __init__(self, dsn: str, *, max_size: int = 2, answer_s: float = ANSWER_S) -> None:
        self._dsn, self._answer_s = dsn, answer_s
        self._idle: list[_Impatient] = []
        self._free = threading.BoundedSemaphore(max_size)
        self._away_until = 0.0

    def run(self, work: Callable[[Connection[TupleRow]], T]) -> T:
        """Does some work that may be repeated, once more if its connection had been broken by a restart.

        Raises `KeyringUnavailable` with a sentence for operations; never with values from the database.
        """
        if time.monotonic() < self._away_until:
            raise KeyringUnavailable(_AWAY)
        if not self._free.acquire(timeout=self._answer_s):
            raise KeyringUnavailable("The keyring is busy. Try again; if this stays so, look at its PostgreSQL.")
        try:
            return self._attempt(work)
        except OperationalError as error:
            if error.sqlstate is None or error.sqlstate.startswith(_LOST):
                self._away_until = time.monotonic() + PAUSE_S
            raise KeyringUnavailable(f"{_AWAY} ({_kind(error)})") from None
        except psycopg.Error as error:
            raise KeyringUnavailable(
                "The keyring refused a statement: migrate it, check the rights of its role, and that it is not a "
                f"read-only standby. ({_kind(error)})"
            ) from None
        finally:
            self._free.release()

    def close(self) -> None:
        """Closes what is idle. It may be used again afterwards."""
        while self._idle:
            with suppress(IndexError):
                self._idle.pop().close()

    def _attempt(self, work: Callable[[Connection[TupleRow]], T]) -> T:
        connection, reused = self._take()
        try:
            return self._done(connection, work)
        except _NoAnswer:
            self.close()
            raise
        except OperationalError:
            if not (reused and connection.closed):
                raise
        self.close()  # what was idle beside it broke in the same restart
        connection, _ = self._take()
        return self._done(connection, work)

    def _take(self) -> tuple[_Impatient, bool]:
        with suppress(IndexError):
            return self._idle.pop(), True
        connection = _Impatient.connect(
            self._dsn,
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name="rapport keys",
            options=_OPTIONS,
            keepalives_idle=10,
        )
        connection.answer_s = self._answer_s
        return connection, False

    def _done(self, connection: _Impatient, work: Callable[[Connection[TupleRow]], T]) -> T:
        try:
            result = work(connection)
            self._away_until = 0.0
            return result
        except _NoAnswer:
            connection.close()
            raise
        finally:
            if not connection.closed and connection.info.transaction_status is TransactionStatus.IDLE:
                self._idle.append(connection)
            else:
                connection.close()


_LOST = ("08", "57P")
"""SQLSTATEs of a server that goes or is gone; without any, there was no connection at all."""
_AWAY = "The keyring does not answer. Check that its PostgreSQL runs and can be reached; then try again."


def _kind(error: psycopg.Error) -> str:
    return error.sqlstate or type(error).__name__.strip("_")
