"""News from the database, heard on one connection per process and passed on to all who wait for it."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

CHANNEL = "applied"
LINGER_S = 60.0
"""How long the connection stays open once nobody waits, so that an idle process keeps none."""
RECONNECT_S = 1.0

_log = logging.getLogger(__name__)


class Broadcaster:
    """Sets the events of its subscribers whenever the database notifies `channel`.

    News may be missed while the database is away: whoever waits also looks from time to time.
    """

    def __init__(self, dsn: str, channel: str = CHANNEL) -> None:
        self._dsn = dsn
        self._channel = channel
        self._events: set[asyncio.Event] = set()
        self._wanted_at = 0.0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def subscribed(self, event: asyncio.Event) -> Iterator[asyncio.Event]:
        """Sets `event` at any news, until the block ends. To be used on the event loop."""
        self._start()
        self._events.add(event)
        try:
            yield event
        finally:
            self._events.discard(event)
            self._wanted_at = time.monotonic()

    async def close(self) -> None:
        """Ends the connection."""
        if self._task and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @property
    def _is_wanted(self) -> bool:
        return bool(self._events) or time.monotonic() - self._wanted_at < LINGER_S

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        self._wanted_at = time.monotonic()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._events.clear()
            self._task = loop.create_task(self._hear())

    async def _hear(self) -> None:
        while self._is_wanted:
            try:
                await self._hear_on_one_connection()
            except psycopg.Error as error:
                _log.warning("News from the database cannot be heard; trying again.", exc_info=error)
                await asyncio.sleep(RECONNECT_S)

    async def _hear_on_one_connection(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._dsn, autocommit=True, connect_timeout=3, application_name=f"rapport {self._channel}"
        )
        async with connection:
            await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
            self._tell()  # what was notified before we listened
            while self._is_wanted:
                async for _ in connection.notifies(timeout=LINGER_S, stop_after=1):
                    self._tell()

    def _tell(self) -> None:
        for event in self._events:
            event.set()
