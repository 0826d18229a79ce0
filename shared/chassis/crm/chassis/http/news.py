"""Telling those who listen that rows arrived. However many listen, one task looks for all of them.

It holds one thread of its own while it looks, and none, nor a pooled connection, while it waits. Who listens keeps a
place and an event, no queue: a slow reader holds no memory, and reads on from its place when it is ready.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, TypeVar, cast

import psycopg
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from crm.chassis.database import Database
from crm.chassis.http import problems
from crm.chassis.http.broadcaster import Broadcaster
from crm.chassis.http.problems import retry_later
from crm.chassis.projection.arrivals import Arrivals

POLL_S = 0.5
"""News may be missed while the database is away, and what is not settled yet is looked for again."""
SPACING_S = 0.05
AWAY_S = 1.0
READERS = 2
"""How many who listen read at once."""

T = TypeVar("T")
_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Listener:
    """Somebody who waits for rows of some keys."""

    room: "News"
    arrivals: Arrivals[Any]
    keys: Collection[Any] = ()
    news: asyncio.Event = field(default_factory=asyncio.Event)
    known: bool = False

    async def read(self, work: Callable[[], T]) -> T:
        """Reads in a thread, of which all who listen have a few."""
        return await self.room.read(work)

    async def wait(self, timeout_s: float) -> bool:
        """Whether there may be news, or the end; False after the time."""
        return await _either(self.news, timeout_s)


class News:
    """Who listens in this process. To be used on the event loop."""

    def __init__(self, database: Database, broadcaster: Broadcaster | None = None) -> None:
        self._database = database
        self._broadcaster = broadcaster
        self._listeners: set[Listener] = set()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._looking = CapacityLimiter(1)
        self._reading = CapacityLimiter(READERS)
        self.ended = False
        """Whether the server stops: whoever listens should leave."""

    @contextmanager
    def listening(self, arrivals: Arrivals[Any]) -> Iterator[Listener]:
        """Somebody listens until the block ends; they say for which keys, and may change that."""
        self._start()
        listener = Listener(self, arrivals)
        self._listeners.add(listener)
        self._news.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    async def read(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._reading)

    def end(self) -> None:
        """Sends everybody away, when the server stops."""
        self.ended = True
        for each in self._listeners:
            each.news.set()

    async def close(self) -> None:
        """Ends the task."""
        self.end()
        if self._task and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._listeners, self._news = set(), asyncio.Event()
            self._looking, self._reading = CapacityLimiter(1), CapacityLimiter(READERS)
            self._task = loop.create_task(self._look_for_all(self._news))

    async def _look_for_all(self, news: asyncio.Event) -> None:
        since: dict[Arrivals[Any], int] = {}
        with self._broadcaster.subscribed(news) if self._broadcaster else nullcontext():
            while self._listeners and not self.ended:
                looked_at = time.monotonic()
                news.clear()
                try:
                    await self._look(since)
                except psycopg.Error as error:
                    _log.warning("New rows cannot be looked for; trying again.", exc_info=error)
                    await asyncio.sleep(AWAY_S)
                await asyncio.sleep(max(0.0, SPACING_S - (time.monotonic() - looked_at)))
                await _either(news, POLL_S)

    async def _look(self, since: dict[Arrivals[Any], int]) -> None:
        for arrivals in {each.arrivals for each in self._listeners}:
            listeners = [each for each in self._listeners if each.arrivals is arrivals]
            keys = {key for each in listeners for key in each.keys}
            if arrivals not in since:
                since[arrivals] = (await self._ask(partial(arrivals.now, self._database))).arrived
            look = partial(arrivals.touched, self._database, keys, since[arrivals])
            since[arrivals], touched = await self._ask(look)
            for each in listeners:
                if not each.known or not touched.isdisjoint(each.keys):
                    each.known = True  # who is new reads once more: what came before the first look was not seen
                    each.news.set()

    async def _ask(self, work: Callable[[], T]) -> T:
        return await to_thread.run_sync(work, limiter=self._looking)


async def _either(event: asyncio.Event, timeout_s: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return False
    return True


async def _news(request: Request) -> News:
    if request.app.state.news is None:
        raise retry_later(problems.UNAVAILABLE, "The database of this service cannot be reached now.")
    return cast(News, request.app.state.news)


Newsfeed = Annotated[News, Depends(_news)]
"""Where one listens for rows as they arrive."""
