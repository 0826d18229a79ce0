"""FastStream over the same client as ours: a batch subscriber of 1,000 messages."""

import asyncio
from typing import Any

from faststream.confluent import KafkaBroker, KafkaMessage

from bench.path.crew import Told
from bench.path.lines import Pace
from bench.path.peers.upserting import Balances
from bench.path.stage import SERVICE
from crm.chassis.kafka import topic_of

BATCH = 1_000
LOOK_EVERY_S = 0.02


def project(told: Told, dsn: str, bootstrap: str, facts: int) -> float:
    """Folds the facts of the topic into the rows. Returns facts per second."""
    return asyncio.run(_project(told, dsn, bootstrap, facts))


async def _project(told: Told, dsn: str, bootstrap: str, facts: int) -> float:
    rows, pace, done = await Balances.open(dsn), Pace(facts), asyncio.Event()
    broker = KafkaBroker(bootstrap, logger=None)

    async def take(body: list[Any], message: KafkaMessage) -> None:
        raw: Any = message.raw_message
        await rows.add((each.key().decode(), fact) for each, fact in zip(raw, body, strict=True))
        if pace.took(len(body)):
            done.set()

    group = f"bench.faststream.{dsn[-8:]}"
    broker.subscriber(topic_of(SERVICE), group_id=group, auto_offset_reset="earliest", batch=True, max_records=BATCH)(
        take
    )
    told.ready()
    await broker.start()
    while not (done.is_set() or told.stop.is_set()):
        await asyncio.sleep(LOOK_EVERY_S)
    await broker.stop()
    await rows.close()
    return pace.rate
