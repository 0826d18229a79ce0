"""The live window of analytics: a Faust worker that counts touchpoints, beside Faust as its documentation begins."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.lines import PER_SECOND, Line, Pace, Run
from bench.path.peers import faust_consumers
from bench.path.projecting import publish
from bench.path.spending import spending
from bench.path.stage import SERVICE, Stage
from crm.analytics.window import Seen, Window

LEAST = 20_000
COUNTED_WITHIN_S = 60.0


def lines(stage: Stage) -> list[Line]:
    """Facts a second that a worker counts. A quarter of the log is enough, where it is not too short to tell."""
    facts = max(LEAST, stage.size.log // 4)
    publish(stage, facts)
    figures = stage.take_turns(
        {
            "rapport": partial(_run, stage, count, facts),
            "Faust, one by one": partial(_run, stage, faust_consumers.count_one_by_one, facts),
            "Faust, batches dropped": partial(_run, stage, faust_consumers.take_and_drop, facts),
        },
    )
    return [
        Line(
            "Faust live window",
            PER_SECOND,
            figures["rapport"],
            8_000,
            peers=(figures["Faust, one by one"],),
            limit=figures["Faust, batches dropped"],
        )
    ]


def _run(stage: Stage, work: Callable[..., Any], facts: int) -> Run:
    with at_work((work, (stage.bootstrap, facts))) as (worker,), spending() as spent:
        rate: float = worker.result(COUNTED_WITHIN_S)
    return Run(rate, spent.per_thousand(facts))


class _Paced(Window):
    """The window itself; it also says when it has counted enough."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def add(self, facts: Iterable[Seen], now: datetime) -> None:
        batch = list(facts)
        super().add(batch, now)
        self._pace.took(len(batch))


def count(told: Told, bootstrap: str, facts: int) -> float:
    """The worker of the role `live`. Returns facts per second."""
    from crm.analytics.worker import worker  # as there: no other process needs Faust

    for chatty in ("faust", "mode", "aiokafka"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    pace = Pace(facts)
    app = worker(bootstrap, [SERVICE], _Paced(pace))
    return asyncio.run(faust_consumers.run(told, app, pace))
