"""What tracing costs: relay and projector with every tenth trace recorded, beside none."""

from functools import partial
from pathlib import Path
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.facts import fill
from bench.path.lines import PERCENT, Figure, Line, Run
from bench.path.projecting import follow, read_model
from bench.path.relaying import DRAINED_WITHIN_S, relay
from bench.path.stage import Stage
from crm.chassis.database import connect
from crm.chassis.telemetry import start_tracing

SAMPLING = 0.1


def lines(stage: Stage) -> list[Line]:
    """The share of their rate that relay and projection lose, of the medians."""
    dsn, facts = stage.database(), stage.size.log
    fill(dsn, facts, streams=facts // 10)
    figures = stage.take_turns(
        {
            "relay, traced": partial(_relay, stage, dsn, facts, traced_relay),
            "relay": partial(_relay, stage, dsn, facts, relay),
            "projection, traced": partial(_project, stage, facts, traced_follow),
            "projection": partial(_project, stage, facts, follow),
        },
    )
    return [
        Line(
            f"tracing at {SAMPLING:.0%} sampling, {name}",
            PERCENT,
            _lost(figures[f"{name}, traced"], figures[name]),
            10.0,
        )
        for name in ("relay", "projection")
    ]


def _lost(traced: Figure, plain: Figure) -> Figure:
    return Figure("rapport", (Run(max(0.0, 100 * (1 - traced.value / plain.value))),))


def _relay(stage: Stage, dsn: str, facts: int, work: Any) -> Run:
    stage.topic()
    with connect(dsn) as connection:
        connection.execute("DELETE FROM relay_position")
    more = (str(stage.folder / "spans"),) if work is traced_relay else ()
    with at_work((work, (dsn, stage.bootstrap, facts, *more))) as (worker,):
        took: float = worker.result(DRAINED_WITHIN_S)
    return Run(facts / took)


def _project(stage: Stage, facts: int, work: Any) -> Run:
    more = (str(stage.folder / "spans"),) if work is traced_follow else ()
    with at_work((work, (read_model(stage), stage.bootstrap, facts, *more))) as (worker,):
        rate: float = worker.result(DRAINED_WITHIN_S)
    return Run(rate)


def traced_relay(told: Told, dsn: str, bootstrap: str, facts: int, spans: str) -> float:
    """As `relay`, with spans written to a file."""
    tracing = start_tracing("bench", span_file=Path(spans), sampling=SAMPLING)
    took = relay(told, dsn, bootstrap, facts)
    tracing.stop()
    return took


def traced_follow(told: Told, dsn: str, bootstrap: str, facts: int, spans: str) -> float:
    """As `follow`, with spans written to a file."""
    tracing = start_tracing("bench", span_file=Path(spans), sampling=SAMPLING)
    rate = follow(told, dsn, bootstrap, facts)
    tracing.stop()
    return rate
