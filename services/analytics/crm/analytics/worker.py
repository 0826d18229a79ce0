"""A Faust worker that counts facts into the live window, by their headers alone: no values, no keys, nobody's data.

The group never commits: whoever is assigned partitions reads them from an hour ago and counts anew, so restarts,
rebalances and crashes all end in the same numbers. (A fact that the relay had to send twice counts twice here.)
"""

import logging
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import faust
from faust.transport.drivers import aiokafka as driver
from mode.threads import WorkerThread

from crm.analytics.consuming import ConsumingApp
from crm.analytics.window import MINUTES, Place, Seen, Window, minute_of
from crm.chassis.kafka import topic_of

GROUP = "crm.analytics.live"
FACTS_PER_BATCH = 500
BATCH_WITHIN_S = 0.2
NEW_TOPICS_WITHIN_MS = 10_000

_log = logging.getLogger("faust")


def worker(bootstrap: str, services: Iterable[str], window: Window) -> faust.App:
    """A worker, not started. Topics that are not there yet are read as soon as they are."""
    app = ConsumingApp(
        GROUP,
        broker=[f"kafka://{each.strip()}" for each in bootstrap.split(",")],
        consumer_auto_offset_reset="earliest",  # only until it goes to its place; never past anything
        consumer_metadata_max_age_ms=NEW_TOPICS_WITHIN_MS,
        broker_max_poll_records=2 * FACTS_PER_BATCH,
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        broker_request_timeout=15.0,
        broker_commit_interval=3_600.0,  # there is nothing to commit
        stream_recovery_delay=0.0,
        stream_wait_empty=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        web_enabled=False,
        autodiscover=False,
    )
    app.transport = _Transport(app.conf.broker_consumer, app, window=window)
    topic = app.topic(*map(topic_of, services), schema=_Headers())
    topic.acks = False

    async def touchpoints(stream: Any) -> None:
        async for batch in stream.take(FACTS_PER_BATCH, within=BATCH_WITHIN_S):
            window.add(batch, datetime.now(UTC))

    app.agent(topic, name="touchpoints")(touchpoints)
    return app


def answers(app: faust.App) -> dict[Place, tuple[datetime, int]]:
    """When Kafka answered last for each partition that is read, and where it ends."""
    consumer = cast(driver.Consumer, app.consumer)._thread._ensure_consumer()
    found = {}
    for partition in consumer.assignment():
        polled_ms, end = consumer.last_poll_timestamp(partition), consumer.highwater(partition)
        if polled_ms and end is not None:
            found[_place(partition)] = (datetime.fromtimestamp(polled_ms / 1000, UTC), end)
    return found


@lru_cache(maxsize=4096)
def _minute(text: bytes) -> int:
    """The minute of the first 16 characters of an RFC 3339 time in UTC, as `ce_recordedtime` is."""
    return minute_of(datetime.fromisoformat(text.decode()).replace(tzinfo=UTC))


@lru_cache(maxsize=4096)
def _place(partition: Any) -> Place:
    return Place(partition.topic.split(".")[1], partition.partition)


class _Headers(faust.Schema[None, Seen]):
    """Reads what the window needs from the headers of a record, and nothing else."""

    def loads_key(self, app: Any, message: Any, **_: Any) -> None:
        return None

    def loads_value(self, app: Any, message: Any, **_: Any) -> Seen:
        recorded, about = b"", False
        for name, value in message.headers:
            if name == "ce_recordedtime":
                recorded = value[:16]
            elif name == "ce_contactids":
                about = bool(value)
        try:
            minute = _minute(recorded) if about else None
        except ValueError:
            minute = None  # no fact of ours: projections park it
        return Seen(_place(message.tp), message.offset, minute, message.generation_id)


class _Aside(WorkerThread):
    """A thread that keeps nobody waiting: it may still be taking leave of a Kafka that does not answer."""

    def __init__(self, service: Any, **options: Any) -> None:
        super().__init__(service, **options)
        self.daemon = True

    def run(self) -> None:
        with suppress(Exception):  # the worker itself raises it too
            super().run()


class _ConsumerThread(driver.AIOKafkaConsumerThread):
    """Goes to where the last hour begins, in place of committed offsets, whenever partitions are assigned."""

    Worker = _Aside
    logger = _log

    async def seek_to_committed(self) -> Any:
        return await self.call_thread(self._seek_to_last_hour)

    async def _seek_to_last_hour(self) -> dict[Any, None]:
        consumer = self._ensure_consumer()
        partitions = list(consumer.assignment())
        since_ms = int(time.time() - MINUTES * 60) * 1000
        found = await consumer.offsets_for_times(dict.fromkeys(partitions, since_ms))
        silent = [each for each in partitions if found.get(each) is None]
        starts = {each: at.offset for each, at in found.items() if at is not None} | await _ends(consumer, silent)
        window = cast(_Transport, self.transport).window
        window.begin(self.app.consumer_generation_id, {_place(each): offset for each, offset in starts.items()})
        for each, offset in starts.items():
            consumer.seek(each, offset)
        return dict.fromkeys(partitions)


async def _ends(consumer: Any, partitions: Sequence[Any]) -> dict[Any, int]:
    return dict(await consumer.end_offsets(partitions)) if partitions else {}


class _Consumer(driver.Consumer):
    logger = _log

    def _new_consumer_thread(self) -> _ConsumerThread:
        return _ConsumerThread(self, loop=self.loop, beacon=self.beacon)


class _Transport(driver.Transport):
    Consumer = _Consumer

    def __init__(self, *given: Any, window: Window) -> None:
        super().__init__(*given)
        self.window = window
