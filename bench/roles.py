"""Measures every process of the suite by itself: what it costs when idle, and its memory over a million facts."""

import argparse
import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import UUID

import psutil

from bench.filling import TOGETHER, log_of, note, registered
from crm.chassis.log import EventLog
from crm.chassis.testing.backends import temporary_folder
from tests.integration.running_suite import RunningSuite, end, eventually, start

IDLE_S = 60.0
SETTLED_S = 10.0
STEPS = 10
PEOPLE, WRITERS = 1_000, 3
CAUGHT_UP_WITHIN_S = 1_800


def main() -> int:
    """Prints a line per process, and all of it as JSON."""
    parser = argparse.ArgumentParser(prog="bench.roles", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the facts")
    facts = 100_000 if parser.parse_args().quick else 1_000_000
    with temporary_folder() as folder:
        suite = start(folder / "state")
        try:
            time.sleep(SETTLED_S)  # whatever belongs to starting is over
            before = idle(suite)
            memory = dict(grow(suite, facts))
            time.sleep(SETTLED_S)
            after = idle(suite)
            kept = remembered(suite)
        finally:
            end(suite.supervisor)
    points = [facts // STEPS, facts // 2, facts]
    sys.stdout.write(f"{'':28}{'idle, % of a core':>20}{'after it':>10}")
    sys.stdout.write("".join(f"{f'MB at {each:,}':>18}" for each in points) + "\n")
    for name in sorted(before):
        sizes = "".join(f"{memory[each].get(name, 0):>18}" for each in points)
        sys.stdout.write(f"{name:28}{before[name]:>20.1f}{after.get(name, 0.0):>10.1f}{sizes}\n")
    sys.stdout.write(
        f"{kept:,.0f} bytes on disk for each stream, to know how far every view and policy has applied it\n"
    )
    figures = {"facts": facts, "idle": before, "idle after": after, "memory, MB": memory, "bytes a stream": kept}
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def processes(suite: RunningSuite) -> dict[str, psutil.Process]:
    """Every process of a role, and the supervisor, by name."""
    roles = {each["name"]: psutil.Process(each["pid"]) for each in suite.described["processes"]}
    return roles | {"supervisor": psutil.Process(suite.supervisor.pid)}


def idle(suite: RunningSuite) -> dict[str, float]:
    """By process, the CPU it takes while nobody asks for anything, in percent of one core."""
    every = processes(suite)
    spent = {name: _cpu_s(each) for name, each in every.items()}
    time.sleep(IDLE_S)
    return {name: round(100 * (_cpu_s(each) - spent[name]) / IDLE_S, 2) for name, each in every.items()}


def grow(suite: RunningSuite, facts: int) -> Iterator[tuple[int, dict[str, int]]]:
    """Writes facts in steps. After each, once every view of every service shows it, the memory of every process."""
    with log_of(suite, connections=WRITERS) as log, ThreadPoolExecutor(WRITERS) as pool:
        people = registered(log, PEOPLE)
        for step in range(1, STEPS + 1):
            began = time.monotonic()
            list(pool.map(partial(_touch, log, people), range(facts // STEPS // TOGETHER)))
            eventually(suite.is_caught_up, within_s=CAUGHT_UP_WITHIN_S)
            rate = facts / STEPS / (time.monotonic() - began)
            sys.stderr.write(f"{facts * step // STEPS:,} facts, {rate:,.0f}/s until everybody had them\n")
            sizes = {name: round(each.memory_info().rss / 1e6) for name, each in processes(suite).items()}
            yield facts * step // STEPS, sizes


def remembered(suite: RunningSuite) -> float:
    """How many bytes all views and policies of all services together keep of a stream, whatever they make of it."""
    size = 0
    for name in suite.described["services"]:
        with suite.database(name) as db:
            size += db.execute("SELECT pg_total_relation_size('applied')").fetchall()[0][0]
    with suite.database("contacts") as db:
        streams = db.execute("SELECT count(DISTINCT originator_id) FROM events").fetchall()[0][0]
    return float(size / streams)


def _touch(log: EventLog, people: list[UUID], _number: int) -> None:
    note(log, random.choices(people, k=TOGETHER))


def _cpu_s(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


if __name__ == "__main__":
    sys.exit(main())
