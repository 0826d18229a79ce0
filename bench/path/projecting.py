"""Projecting: one view follows a topic, its rows, checkpoints and per-stream versions in one transaction a batch."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.facts import balances, fill
from bench.path.lines import PER_SECOND, Figure, Line, Pace, Run
from bench.path.peers import faststream_consumer, faust_consumers, librdkafka
from bench.path.relaying import DRAINED_WITHIN_S, relay
from bench.path.spending import spending
from bench.path.stage import SERVICE, Stage
from crm.chassis import projecting
from crm.chassis.database import Database, connect
from crm.chassis.kafka import read_topic, topic_of
from crm.chassis.keys import MemoryKeys
from crm.chassis.projection import Feed, Outcome, TopicLoop, prepare, teller_over
from crm.chassis.projection.topics import kafka_streams


class Wrong(AssertionError):  # noqa: N818
    """A read model does not show what was published."""


def lines(stage: Stage) -> list[Line]:
    """The line of the live projection."""
    facts = stage.size.log
    publish(stage, facts)
    contestants: dict[str, Callable[[], Run]] = {
        "rapport": partial(_project, stage, follow, facts),
        "FastStream": partial(_project, stage, faststream_consumer.project, facts),
        "Faust": partial(_project, stage, faust_consumers.project, facts // 4),
        "decoded only": partial(_read, stage, decode, facts),
        "librdkafka": partial(_read, stage, librdkafka.consume, facts),
    }
    figures = stage.take_turns(contestants)
    return [
        Line(
            "live projection from Kafka, per-stream versions kept",
            PER_SECOND,
            figures["rapport"],
            28_000,
            peers=(figures["FastStream"], figures["Faust"]),
            limit=Figure("decoded, nothing done", figures["decoded only"].runs, figures["decoded only"].missing),
            note="peers fold batches of 1,000 into the same table; they keep no versions, and a crash counts twice",
        )
    ]


def publish(stage: Stage, facts: int) -> None:
    """Fills the topic."""
    dsn = stage.database()
    fill(dsn, facts, streams=facts // 10)
    stage.topic()
    with at_work((relay, (dsn, stage.bootstrap, facts))) as (worker,):
        worker.result(DRAINED_WITHIN_S)


def read_model(stage: Stage) -> str:
    """A fresh database of a service that follows ours."""
    dsn = stage.database()
    with connect(dsn) as connection:
        prepare(connection, [balances])
    return dsn


def _project(stage: Stage, work: Callable[..., Any], facts: int) -> Run:
    dsn = read_model(stage)
    with at_work((work, (dsn, stage.bootstrap, facts))) as (worker,), spending() as spent:
        rate: float = worker.result(DRAINED_WITHIN_S)
    require(dsn, facts)
    return Run(rate, spent.per_thousand(facts))


def _read(stage: Stage, work: Callable[..., Any], facts: int) -> Run:
    with at_work((work, (stage.bootstrap, facts))) as (worker,), spending() as spent:
        rate: float = worker.result(DRAINED_WITHIN_S)
    return Run(rate, spent.per_thousand(facts))


def require(dsn: str, facts: int) -> None:
    """Raises `Wrong` unless the rows count so many facts, or more where a consumer was stopped late."""
    with connect(dsn) as connection:
        row = connection.execute(f"SELECT coalesce(sum(facts), 0) FROM {balances.name}".encode()).fetchone()
    if not row or row[0] < facts:
        raise Wrong(f"the rows count {row and row[0]} facts, {facts} were taken")


def follow(told: Told, dsn: str, bootstrap: str, facts: int) -> float:
    """The loop of a projector, until it has taken so many facts. Returns facts per second after the first batch."""
    database, stop, pace = Database(dsn, max_size=3), threading.Event(), Pace(facts)

    def observe(outcome: Outcome) -> None:
        projecting.observe(outcome)
        if pace.took(outcome.applied) or told.stop.is_set():
            stop.set()

    feeds = [Feed(database, balances, SERVICE, MemoryKeys())]
    told.ready()
    TopicLoop(kafka_streams(bootstrap, "reader", "balances", [SERVICE]), feeds, observe).run(
        teller_over(database), stop, lambda: stop.set() if told.stop.is_set() else None
    )
    return pace.rate


def decode(told: Told, bootstrap: str, facts: int) -> float:
    """Reads the facts and does nothing with them."""
    pace = Pace(facts)
    told.ready()
    for number, _ in enumerate(read_topic(bootstrap, topic_of(SERVICE))):
        if number % 1_000 == 0 and pace.took(1_000):
            break
    return pace.rate
