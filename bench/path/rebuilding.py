"""Rebuilding a view from its whole history, and switching to it while people look at it."""

import time
from functools import partial

from bench.path.crew import Told, at_work
from bench.path.facts import balances, fill
from bench.path.lines import MILLISECONDS, PER_SECOND, Figure, Line, Run
from bench.path.peers import copying, runner
from bench.path.projecting import require
from bench.path.spending import spending
from bench.path.stage import SERVICE, Stage
from crm.chassis.database import Database, connect
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.projection import places, prepare
from crm.chassis.projection.delivery import LOG_SHARD, START
from crm.chassis.projection.rebuild import Past, Rebuilt, rebuild
from crm.chassis.projection.sources import LogHistory

PER_ROW = 10
REBUILT_WITHIN_S = 300.0
LOOK_EVERY_S = 0.001


def lines(stage: Stage) -> list[Line]:
    """The rate, and how long the switch keeps the view from being written."""
    facts, dsn, theirs = stage.size.past, stage.database(), stage.postgres.fresh_database()
    fill(dsn, facts, streams=facts // PER_ROW, per_append=1_000)
    _stand_at_the_end(dsn)
    runner.fill(theirs, stage.size.slow)
    switches: list[Run] = []
    figures = stage.take_turns(
        {
            "rapport": partial(_rebuild, dsn, facts, switches),
            "ProjectionRunner": partial(_runner, stage, theirs),
            "COPY": partial(_copy, dsn, facts),
        },
    )
    ours, stock, copied = figures.values()
    limit = Figure("COPY of the log, stream by stream", copied.runs, copied.missing)
    name = f"rebuild, {facts:,} facts into {facts // PER_ROW:,} rows"
    return [
        Line(name, PER_SECOND, ours, 100_000, peers=(stock,), limit=limit, note="one process"),
        Line("switch of a rebuilt view", MILLISECONDS, Figure("rapport", tuple(switches)), 200.0, note=_LOOKED_AT),
    ]


def _stand_at_the_end(dsn: str) -> None:
    """A live view that has taken everything: a rebuild never goes beyond it. Its rows come with the first rebuild."""
    database = Database(dsn)
    end = LogHistory(database).end()
    assert end
    with database.connection() as connection:
        prepare(connection, [balances])
        feed = places.find(connection, balances.name, SERVICE)
        assert feed
        places.move(connection, feed.feed, LOG_SHARD, START, end, places.Counts(), None)
    database.close()


_LOOKED_AT = "a reader looked at the view all the time, and was never refused"


def _rebuild(dsn: str, facts: int, switches: list[Run]) -> Run:
    with at_work((look, (dsn,)), (build, (dsn,))) as (looking, building), spending() as spent:
        done: Rebuilt = building.result(REBUILT_WITHIN_S)
        looking.stop.set()
        longest: float = looking.result(30)
    require(dsn, facts)
    switches.append(Run(max(done.switch_s, longest) * 1000))
    return Run(done.facts / done.seconds, spent.per_thousand(facts))


def _runner(stage: Stage, dsn: str) -> Run:
    with connect(dsn) as connection:
        connection.execute("DROP TABLE IF EXISTS balances, balances_tracking")
    with at_work((runner.rebuild, (dsn, stage.size.slow))) as (worker,), spending() as spent:
        rate: float = worker.result(REBUILT_WITHIN_S)
    return Run(rate, spent.per_thousand(stage.size.slow))


def _copy(dsn: str, facts: int) -> Run:
    with at_work((copying.read, (dsn,))) as (worker,), spending() as spent:
        took: float = worker.result(REBUILT_WITHIN_S)
    return Run(facts / took, spent.per_thousand(facts))


def build(told: Told, dsn: str) -> Rebuilt:
    """The job that rebuilds a view."""
    database, keys = Database(dsn), MemoryKeys()
    log = EventLog(SERVICE, PostgresStore(database), keys)
    told.ready()
    return rebuild(database, balances, keys, Past(SERVICE, LogHistory(database), log), actor="bench")


def look(told: Told, dsn: str) -> float:
    """Looks at the view until told to stop. Returns the longest it had to wait, in seconds; raises if refused."""
    longest = 0.0
    with connect(dsn) as connection:
        told.ready()
        while not told.stop.is_set():
            began = time.monotonic()
            connection.execute(f"SELECT * FROM {balances.name} LIMIT 20".encode()).fetchall()
            longest = max(longest, time.monotonic() - began)
            time.sleep(LOOK_EVERY_S)
    return longest
