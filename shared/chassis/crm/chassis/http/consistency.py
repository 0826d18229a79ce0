"""Read-your-writes: a query that names what it must show waits until its view has it, else it is refused."""

import asyncio
import re
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from crm.chassis.http.broadcaster import Broadcaster
from crm.chassis.http.problems import invalid

SATISFIED = "crm.satisfied"
"""Where a request's scope keeps the token that its answer satisfies."""

MOST_STREAMS = 100
WAIT_S = 2.0
POLL_S = 0.25
SPACING_S = 0.01
"""News may come in hundreds a second; views are asked again at most this often."""

State: TypeAlias = Literal["applied", "behind", "parked"]

_PART = re.compile(
    r"(?:(?P<service>[a-z][a-z-]{0,40})/)?(?P<stream>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):(?P<version>[0-9]{1,18})"
)


class StreamVersion(NamedTuple):
    """A version of a service's stream that must have been applied."""

    service: str
    stream: UUID
    version: int


class Consistency(Protocol):
    """What knows how far a view has come."""

    def state(self, view: str, tokens: Sequence[StreamVersion]) -> State:
        """Whether a view has applied all these; `parked` where one waits for an operator. Quick; may block."""


def parse_token(text: str) -> tuple[StreamVersion, ...]:
    """What a token names: `<service>/<stream>:<version>`, more after commas, the service given where it changes.

    Raises a 422 problem for anything else.
    """
    parts = [each.strip() for each in text.split(",")]
    found: list[StreamVersion] = []
    service: str | None = None
    for part in parts[: MOST_STREAMS + 1]:
        match = _PART.fullmatch(part)
        service = (match["service"] or service) if match else None
        if match is None or service is None or len(parts) > MOST_STREAMS:
            wanted = "Send a Consistency-Token as it was answered: <service>/<stream>:<version>, more after commas."
            raise invalid("If-Consistent-With", "header", wanted)
        found.append(StreamVersion(service, UUID(match["stream"]), int(match["version"])))
    return tuple(found)


@dataclass(eq=False)
class _Wait:
    view: str
    tokens: Sequence[StreamVersion]
    answer: "asyncio.Future[State]"


class Waiter:
    """Waits until views have applied what is asked for. However many wait, one task asks for all of them.

    It holds one thread of its own while it asks, and none, nor a pooled connection, while it waits.
    """

    def __init__(
        self, consistency: Consistency, broadcaster: Broadcaster | None = None, *, timeout_s: float = WAIT_S
    ) -> None:
        self._consistency = consistency
        self._broadcaster = broadcaster
        self._timeout_s = timeout_s
        self._waits: set[_Wait] = set()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self._thread: CapacityLimiter | None = None

    async def outcome(self, view: str, tokens: Sequence[StreamVersion]) -> State:
        """`applied` as soon as a view shows all of them; `parked` at once; `behind` after the time limit."""
        wait = _Wait(view, tokens, asyncio.get_running_loop().create_future())
        self._start()
        self._waits.add(wait)
        self._news.set()
        try:
            return await asyncio.wait_for(wait.answer, self._timeout_s)
        except TimeoutError:
            return "behind"
        finally:
            self._waits.discard(wait)

    async def close(self) -> None:
        """Ends the task and the connection it listens on."""
        if self._task:
            self._task.cancel()
        if self._broadcaster:
            await self._broadcaster.close()

    def _start(self) -> None:
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._waits, self._news, self._thread = set(), asyncio.Event(), CapacityLimiter(1)
            self._task = loop.create_task(self._ask_for_all(self._news))

    async def _ask_for_all(self, news: asyncio.Event) -> None:
        with self._broadcaster.subscribed(news) if self._broadcaster else nullcontext():
            while self._waits:
                asked_at = time.monotonic()
                news.clear()
                await self._ask([wait for wait in self._waits if not wait.answer.done()])
                await asyncio.sleep(max(0.0, SPACING_S - (time.monotonic() - asked_at)))
                if any(not wait.answer.done() for wait in self._waits):
                    await _either(news, POLL_S)

    async def _ask(self, waits: Sequence[_Wait]) -> None:
        try:
            states = await to_thread.run_sync(self._states, waits, limiter=self._thread)
        except Exception as error:
            for wait in waits:
                if not wait.answer.done():
                    wait.answer.set_exception(error)
            return
        for wait, state in zip(waits, states, strict=True):
            if state != "behind" and not wait.answer.done():
                wait.answer.set_result(state)

    def _states(self, waits: Sequence[_Wait]) -> list[State]:
        return [self._consistency.state(wait.view, wait.tokens) for wait in waits]


async def _either(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
