"""Waiting: how long one fact takes at 500 appends a second, onto Kafka and into a read model.

Counted from the moment a fact was to be appended, so that a writer that falls behind hides nothing. On Kafka is where
a consumer has it, which is later than its acknowledgement; in a read model is after the commit.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from bench.path.crew import Told, at_work
from bench.path.facts import Writer, intended_s
from bench.path.lines import Cuts, Run, spending
from bench.path.stage import SERVICE
from crm.chassis import projecting
from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.projection import Bell, Feed, Outcome, OwnLoop
from bench.path.facts import balances

RATE = 500
WRITERS = 4
WARM_UP_S = 1.0
LAST_WITHIN_S = 10.0


def on_schedule(told: Told, seconds: float, append: Callable[[int], object]) -> int:
    """Calls `append` with the moment it is due, `RATE` times a second, from some threads. Returns how often."""
    began, numbers = told.ready(), count()

    def write() -> None:
        while (due := began + next(numbers) / RATE) < began + seconds and not told.stop.is_set():
            time.sleep(max(0.0, due - time.monotonic()))
            append(int(due * 1e9))

    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(write) for _ in range(WRITERS)]:
            done.result()
    return int(seconds * RATE)
