"""The whole chain: relay and projector drain a log together, and then with writers before them."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.facts import Writer, fill
from bench.path.lines import PER_SECOND, Line, Run
from bench.path.projecting import follow, read_model, require
from bench.path.relaying import DRAINED_WITHIN_S, relay
from bench.path.spending import spending
from bench.path.stage import Stage
from crm.chassis.database import Database, connect
from crm.chassis.log import PostgresStore

WRITERS = 4

Job = tuple[Callable[..., Any], tuple[Any, ...]]


def lines(stage: Stage) -> list[Line]:
    """Draining together, and the chain with single facts and with ten in each append."""
    filled, facts, appends = stage.database(), stage.size.log, stage.size.chain
    fill(filled, facts, streams=facts // 10)
    figures = stage.take_turns(
        {
            "rapport, draining": partial(_drain, stage, filled, facts),
            "rapport, single": partial(_chain, stage, appends, 1),
            "rapport, tens": partial(_chain, stage, appends // 2, 10),
        },
    )
    drained, single, tens = figures.values()
    return [
        Line("relay and projector draining together", PER_SECOND, drained, 22_000),
        Line("whole chain, single facts", PER_SECOND, single, 3_000),
        Line("whole chain, 10 facts per append", PER_SECOND, tens, 8_000),
    ]


def _drain(stage: Stage, log: str, facts: int) -> Run:
    with connect(log) as connection:
        connection.execute("DELETE FROM relay_position")
    return _until_read(stage, log, facts)


def _chain(stage: Stage, appends: int, per_append: int) -> Run:
    log = stage.database()
    writers: list[Job] = [(append, (log, appends // WRITERS, per_append))] * WRITERS
    return _until_read(stage, log, appends * per_append, *writers)


def _until_read(stage: Stage, log: str, facts: int, *writers: Job) -> Run:
    """Facts per second from the start of everybody until the last fact is in the read model."""
    stage.topic()
    model = read_model(stage)
    jobs: list[Job] = [(follow, (model, stage.bootstrap, facts)), (relay, (log, stage.bootstrap)), *writers]
    with at_work(*jobs) as workers, spending() as spent:
        began = time.monotonic()
        workers[0].result(DRAINED_WITHIN_S)
        took = time.monotonic() - began
    require(model, facts)
    return Run(facts / took, spent.per_thousand(facts))


def append(told: Told, dsn: str, appends: int, per_append: int) -> int:
    """Appends so often, as fast as it can."""
    store, writer = PostgresStore(Database(dsn, max_size=2)), Writer(per_append)
    store.load([])
    told.ready()
    for _ in range(appends):
        store.append(writer.append())
        store.wake_readers()
    return appends
