"""Requests over HTTP/1.1: at a fixed rate whatever the answers do, or as many as so many clients get through."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

import aiohttp

CONNECTIONS = 64
ANSWER_WITHIN_S = 20.0

Request = tuple[str, str, dict[str, str], bytes]
"""Method, URL, headers, body."""


@dataclass
class Answers:
    """Latencies in seconds, and how many requests had no success."""

    latencies_s: list[float] = field(default_factory=list)
    refused: int = 0
    seconds: float = 0.0


def at_rate(make: Callable[[int], Request], per_second: int, seconds: float) -> Answers:
    """An open loop: each request at its moment. Latencies count from that moment."""
    return asyncio.run(_at_rate(make, per_second, seconds))


def closed(make: Callable[[int], Request], clients: int, seconds: float) -> Answers:
    """A closed loop: each client asks again when it was answered."""
    return asyncio.run(_closed(make, clients, seconds))


async def _at_rate(make: Callable[[int], Request], per_second: int, seconds: float) -> Answers:
    answers, under_way = Answers(), set[asyncio.Task[None]]()
    async with _session() as session:
        began = time.monotonic()
        for number in range(int(per_second * seconds)):
            due = began + number / per_second
            if (early := due - time.monotonic()) > 0:
                await asyncio.sleep(early)
            task = asyncio.create_task(_ask(session, make(number), due, answers))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.gather(*under_way)
        answers.seconds = time.monotonic() - began
    return answers


async def _closed(make: Callable[[int], Request], clients: int, seconds: float) -> Answers:
    answers, numbers = Answers(), count()
    async with _session() as session:
        began = time.monotonic()

        async def ask() -> None:
            while time.monotonic() < began + seconds:
                await _ask(session, make(next(numbers)), time.monotonic(), answers)

        await asyncio.gather(*(ask() for _ in range(clients)))
        answers.seconds = time.monotonic() - began
    return answers


async def _ask(session: aiohttp.ClientSession, request: Request, due: float, answers: Answers) -> None:
    method, url, headers, body = request
    try:
        async with session.request(method, url, headers=headers, data=body) as answer:
            await answer.read()
        answers.refused += answer.status >= 300
    except (TimeoutError, aiohttp.ClientError):
        answers.refused += 1
    answers.latencies_s.append(time.monotonic() - due)


def _session() -> aiohttp.ClientSession:
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    return aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN_S))


def spread(urls: Sequence[str], number: int) -> str:
    """Takes turns among workers, as a balancer does."""
    return urls[number % len(urls)]
