"""Waking up and telling others: a loop sleeps until the log has news, and tells those who wait for its views."""

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import Connection

from crm.chassis.database import Database, connect, notify
from crm.chassis.log.postgres import CHANNEL as LOG_CHANNEL

APPLIED_CHANNEL = "applied"
"""Notified after batches, so that queries that wait for a view look again."""

QUICK_S = 0.001
SLOW_S = 1.0
SPACING_S = 0.01
RECONNECT_S = 1.0
_LEADERS = 0x6C6F_6F70

_log = logging.getLogger("crm.projection")


class Teller:
    """Tells those who wait for views that facts were applied: once for many batches, after their commits."""

    def __init__(self, send: Callable[[], None]) -> None:
        self._send = send
        self._told_at = 0.0
        self._untold = False

    def worked(self) -> None:
        """Facts were applied."""
        self._untold = True
        if time.monotonic() - self._told_at >= SPACING_S:
            self.flush()

    def flush(self) -> None:
        """Tells now what was not told yet; called when there is nothing else to do."""
        if self._untold:
            self._untold, self._told_at = False, time.monotonic()
            self._send()


def teller_over(database: Database) -> Teller:
    """A teller on a pooled connection. While the database is away nobody is told; who waits also looks."""

    def send() -> None:
        try:
            with database.connection() as connection:
                notify(connection, APPLIED_CHANNEL)
        except psycopg.Error as error:
            _log.debug("nobody was told of applied facts (%s)", type(error).__name__)

    return Teller(send)


class Bell:
    """One session per loop: it hears of new facts, tells of applied ones, and holds the lock of the loop that leads.

    Every wait is a wait on the socket, so an idle loop costs one look-up a second.
    """

    def __init__(self, dsn: str, loop: str) -> None:
        self._dsn, self._loop = dsn, loop
        self._session: Connection[Any] | None = None
        self._leads = False
        self._delay_s = QUICK_S
        self._retry_at = 0.0
        self._teller = Teller(self._tell)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends the session, and with it the leadership, so that another loop can lead at once."""
        if self._session is not None:
            with suppress(psycopg.Error):  # a session that is gone holds no lock
                # The server ends a closed session some time later, and only then its locks.
                self._session.execute("SELECT pg_advisory_unlock_all()")
            self._session.close()
        self._session, self._leads = None, False

    @property
    def leads(self) -> bool:
        """Whether this loop is the one that works; tried again at every call. The others stand by."""
        if not self._leads and time.monotonic() >= self._retry_at:
            try:
                row = (
                    self._connected()
                    .execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", (_LEADERS, self._loop))
                    .fetchone()
                )
                self._leads = bool(row and row[0])
            except psycopg.Error as error:
                self._lost(error)
        return self._leads

    def wait(self) -> None:
        """Sleeps until there is news, at most a second, less right after there was some."""
        self._teller.flush()
        try:
            heard = list(self._connected().notifies(timeout=self._delay_s, stop_after=1))
        except psycopg.Error as error:
            self._lost(error)
            time.sleep(self._delay_s)
            heard = []
        # After news the fact may not be settled yet: look again soon, then ever less often.
        self._delay_s = QUICK_S if heard else min(self._delay_s * 2, SLOW_S)

    def worked(self) -> None:
        """Facts were applied: look again soon, and tell those who wait for views."""
        self._delay_s = QUICK_S
        self._teller.worked()

    def _tell(self) -> None:
        try:
            notify(self._connected(), APPLIED_CHANNEL)
        except psycopg.Error as error:
            self._lost(error)

    def _connected(self) -> Connection[Any]:
        if self._session is None:
            self._session = connect(self._dsn, application=f"loop {self._loop}")
            self._session.execute(f"LISTEN {LOG_CHANNEL}".encode())
        return self._session

    def _lost(self, error: psycopg.Error) -> None:
        _log.warning("the loop %s lost its session (%s)", self._loop, type(error).__name__)
        self._retry_at = time.monotonic() + RECONNECT_S
        self._delay_s = SLOW_S
        self.close()
