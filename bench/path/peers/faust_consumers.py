"""Faust, with its own defaults where they matter: batches by `take`, and one by one as its documentation begins."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import faust
import msgspec

from bench.path.crew import Told
from bench.path.lines import Pace
from bench.path.peers.upserting import Balances
from bench.path.stage import SERVICE
from crm.analytics.consuming import ConsumingApp
from crm.chassis.kafka import topic_of

BATCH, WITHIN_S = 1_000, 0.2
LOOK_EVERY_S = 0.02
STOP_WITHIN_S = 5.0

Agent = Callable[[Any], Any]


def project(told: Told, dsn: str, bootstrap: str, facts: int) -> float:
    """Folds batches into the rows, as FastStream does. Returns facts per second."""

    async def fold() -> float:
        rows, pace = await Balances.open(dsn), Pace(facts)

        async def agent(stream: Any) -> None:
            async for batch in stream.take_events(BATCH, within=WITHIN_S):
                await rows.add((each.key.decode(), msgspec.json.decode(each.value)) for each in batch)
                pace.took(len(batch))

        return await _run(told, bootstrap, agent, pace)

    return asyncio.run(fold())


def count_one_by_one(told: Told, bootstrap: str, facts: int) -> float:
    """Counts facts by minute as they come. Returns facts per second."""
    pace, counts = Pace(facts), dict[int, int]()

    async def agent(stream: Any) -> None:
        async for event in stream.events():
            minute = int(event.message.timestamp // 60)
            counts[minute] = counts.get(minute, 0) + 1
            pace.took(1)

    return asyncio.run(_run(told, bootstrap, agent, pace))


def take_and_drop(told: Told, bootstrap: str, facts: int) -> float:
    """Takes batches of raw values and does nothing. Returns facts per second."""
    pace = Pace(facts)

    async def agent(stream: Any) -> None:
        async for batch in stream.take(BATCH, within=WITHIN_S):
            pace.took(len(batch))

    return asyncio.run(_run(told, bootstrap, agent, pace))


async def _run(told: Told, bootstrap: str, agent: Agent, pace: Pace) -> float:
    for chatty in ("faust", "mode", "aiokafka"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    app = ConsumingApp(
        f"bench.faust.{agent.__qualname__.split('.')[0]}.{secrets.token_hex(4)}",
        broker=f"kafka://{bootstrap}",
        consumer_auto_offset_reset="earliest",
        broker_max_poll_records=2 * BATCH,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
    )
    app.agent(app.topic(topic_of(SERVICE), key_serializer="raw", value_serializer="raw"), name="take")(agent)
    return await run(told, app, pace)


async def run(told: Told, app: faust.App, pace: Pace) -> float:
    """Runs a worker until enough was counted. Returns facts per second."""
    told.ready()
    starting = asyncio.ensure_future(app.start())
    while not (pace.is_done or told.stop.is_set()):
        if starting.done():
            starting.result()
        await asyncio.sleep(LOOK_EVERY_S)
    starting.cancel()
    rate = pace.rate
    with suppress(TimeoutError):
        await asyncio.wait_for(app.stop(), STOP_WITHIN_S)
    return rate
