"""Relaying: how fast a log that waits gets onto Kafka, and how long one fact takes when nothing waits."""

import threading
import time
from collections.abc import Iterator
from functools import partial

from bench.path.crew import Told, at_work
from bench.path.facts import fill
from bench.path.lines import PER_SECOND, Line, Run
from bench.path.peers import debezium, librdkafka
from bench.path.spending import spending
from bench.path.stage import SERVICE, Stage, migrated
from crm.chassis.database import Database, connect
from crm.chassis.log import PostgresStore
from crm.chassis.relay import Relay

DRAINED_WITHIN_S = 120.0


def lines(stage: Stage) -> list[Line]:
    """The line of catching up. Debezium drains a table of its own server, for it reads the write-ahead log."""
    facts, dsn, logical = stage.size.log, stage.database(), migrated(stage.logical)
    slots = debezium.create_slots(logical, stage.size.rounds)
    for each in (dsn, logical):
        fill(each, facts, streams=facts // 10)
    figures = stage.take_turns(
        {
            "rapport": partial(_catch_up, stage, dsn),
            "Debezium Engine": partial(_debezium, stage, logical, slots),
            "librdkafka": partial(_librdkafka, stage, dsn),
        },
    )
    return [
        Line(
            f"relay catch-up, {facts:,} facts",
            PER_SECOND,
            figures["rapport"],
            50_000,
            peers=(figures["Debezium Engine"],),
            limit=figures["librdkafka"],
            note="limit: the same records sent from memory by the bare client",
        )
    ]


def _catch_up(stage: Stage, dsn: str) -> Run:
    stage.topic()
    with connect(dsn) as connection:
        connection.execute("DELETE FROM relay_position")
    with at_work((relay, (dsn, stage.bootstrap, stage.size.log))) as (worker,), spending() as spent:
        took: float = worker.result(DRAINED_WITHIN_S)
    return Run(stage.size.log / took, spent.per_thousand(stage.size.log))


def _debezium(stage: Stage, dsn: str, slots: Iterator[str]) -> Run:
    with debezium.engine(dsn, stage.bootstrap, stage.topic("debezium"), next(slots)) as draining:
        return draining.until(stage.size.log, DRAINED_WITHIN_S)


def _librdkafka(stage: Stage, dsn: str) -> Run:
    stage.topic()
    with at_work((librdkafka.produce, (dsn, stage.bootstrap, stage.size.log))) as (worker,), spending() as spent:
        took: float = worker.result(DRAINED_WITHIN_S)
    return Run(stage.size.log / took, spent.per_thousand(stage.size.log))


def relay(told: Told, dsn: str, bootstrap: str, facts: int = 0) -> float:
    """A relay at work, until so many facts are acknowledged or it is told to stop. Returns the seconds since it led."""
    publisher = Relay(SERVICE, dsn, PostgresStore(Database(dsn, max_size=1)).read, bootstrap)
    stop, began = threading.Event(), 0.0

    def beat() -> None:
        nonlocal began
        began = began or time.monotonic()
        if told.stop.is_set() or (facts and publisher.status.published >= facts):
            stop.set()

    told.ready()
    publisher.run(stop, beat)
    return time.monotonic() - began
