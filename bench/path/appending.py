"""Appending: four processes write as fast as they can while a reader tails the log, and must miss nothing."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from bench.path.crew import Told, at_work, results
from bench.path.facts import Writer
from bench.path.lines import PER_SECOND, Figure, Line, Run
from bench.path.peers import pgbench, stock
from bench.path.spending import spending
from bench.path.stage import Stage
from crm.chassis.database import Database
from crm.chassis.log import PostgresStore
from crm.events import Position

WRITERS = 4
LOOK_AGAIN_S = 0.002
PAGE = 1_000


class Missed(AssertionError):  # noqa: N818
    """A reader that tailed the log did not see everything that was appended."""


def lines(stage: Stage) -> list[Line]:
    """Both lines of appending."""
    return [
        _line(stage, 1, "append, 1 fact per transaction", goal=5_500, ratio_goal=4.0),
        _line(stage, 10, "append, 10 facts per transaction", goal=20_000, ratio_goal=2.0),
    ]


def _line(stage: Stage, per_append: int, name: str, goal: float, ratio_goal: float) -> Line:
    plain, ours, theirs = stage.database(), stage.database(), stage.postgres.fresh_database()
    stock.create_table(theirs)
    seconds = stage.size.seconds
    figures = stage.take_turns(
        {
            "rapport": partial(_run, append, tail, ours, per_append, seconds),
            "eventsourcing recorder": partial(_run, stock.append, stock.tail, theirs, per_append, seconds),
            "pgbench": partial(pgbench.insert, plain, per_append, WRITERS, seconds),
        },
    )
    return Line(
        f"{name}, {WRITERS} processes, a reader tailing",
        PER_SECOND,
        figures["rapport"],
        goal,
        peers=(figures["eventsourcing recorder"],),
        limit=_named(figures["pgbench"], "pgbench, the same rows"),
        ratio_goal=ratio_goal,
        note="0 missed by the reader in every run",
    )


def _named(figure: Figure, who: str) -> Figure:
    return Figure(who, figure.runs, figure.missing)


def _run(write: Callable[..., Any], read: Callable[..., Any], dsn: str, per_append: int, seconds: float) -> Run:
    """Facts per second of all writers together. Raises `Missed`."""
    writers = [(write, (dsn, per_append, seconds)) for _ in range(WRITERS)]
    with at_work((read, (dsn,)), *writers) as workers, spending() as spent:
        reader, *others = workers
        written: list[tuple[int, float]] = results(others, seconds + 30)
        reader.stop.set()
        seen = reader.result(60)
    facts = sum(number for number, _ in written)
    if seen != facts:
        raise Missed(f"{facts} facts were appended, the reader saw {seen}")
    return Run(facts / max(took for _, took in written), spent.per_thousand(facts))


def append(told: Told, dsn: str, per_append: int, seconds: float) -> tuple[int, float]:
    """One process of a service that appends what it decided, without deciding."""
    database = Database(dsn, max_size=2)
    store, writer = PostgresStore(database), Writer(per_append)
    store.load([])
    started, appended = told.ready(), 0
    while time.monotonic() < started + seconds:
        store.append(writer.append())
        store.wake_readers()
        appended += per_append
    return appended, time.monotonic() - started


def tail(told: Told, dsn: str) -> int:
    """How many facts a reader of the log sees, that begins at its end and goes on until nothing comes any more."""
    store = PostgresStore(Database(dsn, max_size=1))
    after = _end(store)
    told.ready()
    seen = 0
    while True:
        stopping = told.stop.is_set()
        page = store.read(after, PAGE)
        seen += len(page)
        if page:
            after = page[-1].position
        elif stopping:
            return seen
        else:
            time.sleep(LOOK_AGAIN_S)


def _end(store: PostgresStore) -> Position | None:
    after = None
    while page := store.read(after, 50_000):
        after = page[-1].position
    return after
