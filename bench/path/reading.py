"""From an append into a read model: until the batch is committed that has the fact in its row."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.facts import balances, intended_s
from bench.path.lines import Line, Run
from bench.path.peers import runner
from bench.path.projecting import read_model
from bench.path.spending import spending
from bench.path.stage import SERVICE, Stage
from bench.path.waiting import WARM_UP_S, cuts, expected, percentiles, write
from crm.chassis import projecting
from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.projection import Bell, Feed, Outcome, OwnLoop
from crm.events import Sealed

LAST_WITHIN_S = 30.0


def lines(stage: Stage) -> list[Line]:
    """Median and 99th percentile, each with its goal."""
    figures = stage.take_turns(
        {
            "rapport": partial(_run, stage, keep, write, read_model),
            "ProjectionRunner": partial(_run, stage, runner.keep, runner.write, _stock),
        },
    )
    ours, theirs = figures["rapport"], figures["ProjectionRunner"]
    return percentiles("append → read model committed", ours, theirs, p50=8.0, p99=25.0)


def _stock(stage: Stage) -> str:
    dsn = stage.postgres.fresh_database()
    runner.create_tables(dsn)
    return dsn


def _run(stage: Stage, reads: Callable[..., Any], writes: Callable[..., Any], made: Callable[[Stage], str]) -> Run:
    dsn, seconds = made(stage), WARM_UP_S + stage.size.seconds * 2
    facts = expected(seconds)
    with at_work((reads, (dsn, facts)), (writes, (dsn, seconds))) as workers, spending() as spent:
        seen = workers[0].result(seconds + LAST_WITHIN_S)
    return Run(0.0, spent.per_thousand(facts), cuts(seen))


def keep(told: Told, dsn: str, facts: int) -> list[tuple[float, float]]:
    """The loop of a projector over its own log. Returns when each fact was due, and when its row was committed."""
    database, stop = Database(dsn, max_size=3), threading.Event()
    batches: list[tuple[float, Outcome]] = []
    left = facts

    def observe(outcome: Outcome) -> None:
        nonlocal left
        projecting.observe(outcome)
        batches.append((time.monotonic(), outcome))
        left -= outcome.applied
        if facts and left <= 0:
            stop.set()

    log = EventLog(SERVICE, PostgresStore(database), MemoryKeys())
    feeds = [Feed(database, balances, SERVICE, MemoryKeys())]
    told.ready()
    with Bell(dsn, "bench") as bell:
        OwnLoop(log, feeds, observe).run(bell, stop, lambda: stop.set() if told.stop.is_set() else None)
    return [
        (intended_s(each.sealed.value), at)
        for at, outcome in batches
        for each in outcome.facts
        if isinstance(each.sealed, Sealed)
    ]
