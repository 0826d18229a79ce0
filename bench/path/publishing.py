"""From an append onto Kafka: until a consumer has the fact, which is later than Kafka's acknowledgement."""

import base64
import time
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
from confluent_kafka import Consumer, TopicPartition

from bench.path.crew import at_work
from bench.path.facts import intended_s
from bench.path.lines import Line, Run
from bench.path.peers import debezium
from bench.path.relaying import relay
from bench.path.spending import spending
from bench.path.stage import Stage, migrated
from bench.path.waiting import WARM_UP_S, cuts, expected, percentiles, write
from crm.chassis.kafka import PARTITIONS

SILENCE_S = 10.0

Seen = list[tuple[float, float]]


def lines(stage: Stage) -> list[Line]:
    """Median and 99th percentile, each with its goal."""
    logical, rounds = migrated(stage.logical), stage.size.rounds
    figures = stage.take_turns(
        {
            "rapport": partial(_rapport, stage),
            "Debezium Engine": partial(_debezium, stage, logical, debezium.create_slots(logical, rounds)),
        },
    )
    ours, theirs = figures["rapport"], figures["Debezium Engine"]
    return percentiles("append → on Kafka", ours, theirs, p50=4.0, p99=15.0)


def _rapport(stage: Stage) -> Run:
    dsn, topic, seconds = stage.database(), stage.topic(), WARM_UP_S + stage.size.seconds * 2
    with at_work((relay, (dsn, stage.bootstrap)), (write, (dsn, seconds))), spending() as spent:
        seen = listen(stage.bootstrap, topic, expected(seconds), intended_s)
    return Run(0.0, spent.per_thousand(len(seen)), cuts(seen))


def _debezium(stage: Stage, dsn: str, slots: Iterator[str]) -> Run:
    topic, seconds = stage.topic("debezium"), WARM_UP_S + stage.size.seconds * 2
    with debezium.engine(dsn, stage.bootstrap, topic, next(slots)) as draining:
        with at_work((write, (dsn, 0.1))):
            draining.wait_until_reading()
        began = time.monotonic()
        with at_work((write, (dsn, seconds))), spending() as spent:
            seen = listen(stage.bootstrap, topic, expected(seconds), _intended, since=began)
    return Run(0.0, spent.per_thousand(len(seen)), cuts(seen))


def listen(bootstrap: str, topic: str, facts: int, intended: Callable[[bytes], float], *, since: float = 0.0) -> Seen:
    """When each fact was due, and when it was here. Raises `TimeoutError` when none comes any more."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "bench.listener", "fetch.wait.max.ms": 5_000}
    consumer, seen = Consumer(settings), Seen()
    consumer.assign([TopicPartition(topic, each, 0) for each in range(PARTITIONS)])
    try:
        while len(seen) < facts:
            message = consumer.poll(SILENCE_S)
            if message is None:
                raise TimeoutError(f"{len(seen)} of {facts} facts came")
            due = intended(message.value() or b"")
            if due >= since:
                seen.append((due, time.monotonic()))
    finally:
        consumer.close()
    return seen


class _After(msgspec.Struct):
    state: str


class _Change(msgspec.Struct):
    after: _After


_change = msgspec.json.Decoder(_Change)


def _intended(value: bytes) -> float:
    return intended_s(base64.b64decode(_change.decode(value).after.state))
