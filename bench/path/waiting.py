"""What is done on schedule: 500 appends a second, each at its moment, whether or not the one before is through.

Latencies count from that moment, so that a writer that falls behind hides nothing.
"""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from bench.path.crew import Told
from bench.path.facts import Writer
from bench.path.lines import MILLISECONDS, Cuts, Figure, Line
from crm.chassis.database import Database
from crm.chassis.log import PostgresStore

RATE = 500
WRITERS = 4
WARM_UP_S = 3.0


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
    return expected(seconds)


def expected(seconds: float) -> int:
    """How many appends that are."""
    return int(seconds * RATE)


def write(told: Told, dsn: str, seconds: float) -> int:
    """Appends on schedule, as a service does."""
    store, writer = PostgresStore(Database(dsn, max_size=WRITERS + 1)), Writer(streams=WRITERS * 100)
    store.load([])

    def append(at_ns: int) -> None:
        store.append(writer.append(at_ns))
        store.wake_readers()

    return on_schedule(told, seconds, append)


def cuts(seen: list[tuple[float, float]]) -> Cuts:
    """Percentiles of what was due after the warm-up. `seen` has when each was due, and when it was there."""
    since = min(due for due, _ in seen) + WARM_UP_S
    return Cuts.of([there - due for due, there in seen if due >= since])


def percentiles(what: str, ours: Figure, theirs: Figure, **goals: float) -> list[Line]:
    """A line for each percentile that has a goal, in milliseconds, beside a peer's."""
    return [
        Line(f"{what} at {RATE}/s, {name}", MILLISECONDS, ours.at(name), goal, peers=(theirs.at(name),), pace=RATE)
        for name, goal in goals.items()
    ]
