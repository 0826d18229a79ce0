"""Measures a freshly started suite: import, history pages, memory, and what it costs when idle."""

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil

from bench.filling import TOGETHER, log_of, note
from crm.chassis.testing.backends import temporary_folder
from crm.events import type_of
from crm.events.interactions import InteractionLogged
from tests.integration.running_suite import RunningSuite, end, eventually, start

PAGES = 400
IDLE_S = 20.0
WRITERS = 3


def main() -> int:
    """Prints the figures as a table and as JSON."""
    parser = argparse.ArgumentParser(prog="bench.suite", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the facts")
    quick = parser.parse_args().quick
    people, touchpoints, busiest = (5_000, 20_000, 500) if quick else (50_000, 200_000, 5_000)
    with temporary_folder() as folder:
        began = time.monotonic()
        suite = start(folder / "state")
        figures: dict[str, Any] = {"start of the suite, s": round(time.monotonic() - began, 1)}
        try:
            figures["idle CPU, % of one core"] = idle(suite)
            figures |= import_people(suite, people)
            contact = touch(suite, touchpoints, busiest, figures)
            figures |= pages(suite, contact)
            figures["largest Python process, peak MB RSS"] = max(memory(suite))
            figures["idle CPU after the load, % of one core"] = idle(suite)
        finally:
            end(suite.supervisor)
    for name, figure in figures.items():
        sys.stdout.write(f"{name:48} {figure}\n")
    sys.stdout.write(json.dumps({"people": people, "touchpoints": touchpoints} | figures) + "\n")
    return 0


def idle(suite: RunningSuite) -> float:
    """CPU of all processes of the suite together, while nobody asks for anything."""
    processes = [psutil.Process(suite.supervisor.pid), *psutil.Process(suite.supervisor.pid).children(recursive=True)]

    def spent() -> float:
        return sum(sum(each.cpu_times()[:2]) for each in processes if each.is_running())

    time.sleep(5)  # whatever was just asked for is over
    before = spent()
    time.sleep(IDLE_S)
    return round(100 * (spent() - before) / IDLE_S, 1)


def import_people(suite: RunningSuite, people: int) -> dict[str, Any]:
    """Imports a file of people through the API."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("name,email,phone,city,country\n")
        for n in range(people):
            file.write(f"Person {n},person{n}@example.org,+49 30 {10_000_000 + n},City {n % 900},DE\n")
        file.flush()
        began = time.monotonic()
        with Path(file.name).open("rb") as content:
            answer = suite.api("contacts").post("/imports", files={"file": content}, timeout=120).raise_for_status()
    path = f"/imports/{answer.json()['id']}"

    def completed() -> bool:
        return bool(suite.api("contacts").get(path).json()["status"] == "completed")

    eventually(completed, within_s=1800)
    return {"import, rows/s": round(people / (time.monotonic() - began))}


def touch(suite: RunningSuite, touchpoints: int, busiest: int, figures: dict[str, Any]) -> str:
    """Writes interactions, `busiest` of them with one contact, whose id is returned."""
    listed = suite.api("contacts").get("/contacts", params={"limit": 200}).json()["items"]
    ids = [UUID(each["id"]) for each in listed]
    one = ids[0]
    about = [one] * busiest + [random.choice(ids[1:]) for _ in range(touchpoints - busiest)]
    random.shuffle(about)

    def shown() -> bool:
        lag = suite.api("contacts").get("/health/lag").json()["history_v2"]["contacts"]
        return bool(lag["lag_facts"] == 0)

    with log_of(suite, connections=WRITERS) as log, ThreadPoolExecutor(WRITERS) as pool:
        began = time.monotonic()

        def write(chunk: list[UUID]) -> None:
            note(log, chunk, datetime.now(UTC) - timedelta(days=random.randrange(1, 900)))

        list(pool.map(write, [about[n : n + TOGETHER] for n in range(0, len(about), TOGETHER)]))
        figures["appended, facts/s"] = round(touchpoints / (time.monotonic() - began))
        eventually(shown, within_s=600)
        figures["appended and in the history, facts/s"] = round(touchpoints / (time.monotonic() - began))
    return str(one)


def pages(suite: RunningSuite, contact: str) -> dict[str, Any]:
    """Latency of history pages with every filter, from one client."""
    times: list[float] = []
    for params in _questions(suite, contact):
        began = time.perf_counter()
        answer = suite.api("contacts").get(f"/contacts/{contact}/history", params=params)
        times.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == httpx.codes.OK
    cuts = statistics.quantiles(times, n=100)
    return {"history page, p50 ms": round(cuts[49], 1), "history page, p99 ms": round(cuts[98], 1)}


def _questions(suite: RunningSuite, contact: str) -> Iterator[dict[str, str]]:
    last: dict[str, str] = {}
    page = suite.api("contacts").get(f"/contacts/{contact}/history", params={"limit": 200}).json()
    while page["next"]:  # to the last page
        last = {"cursor": page["next"], "limit": "200"}
        page = suite.api("contacts").get(f"/contacts/{contact}/history", params=last).json()
    kind = type_of(InteractionLogged)
    variants: list[dict[str, str]] = [
        {},
        {"limit": "200"},
        {"order": "oldest"},
        {"service": "sales"},
        {"service": "contacts"},
        {"type": kind},
        {"type": "crm.sales.opportunity-won.v1"},
        {"channel": "email"},
        {"from": "2025-01-01T00:00:00Z", "to": "2025-06-01T00:00:00Z"},
        {"type": kind, "channel": "api", "from": "2025-01-01T00:00:00Z"},
        last,
    ]
    for n in range(PAGES):
        yield variants[n % len(variants)]


def memory(suite: RunningSuite) -> list[int]:
    """The most resident memory that each of the suite's Python processes ever had, in MB, as Linux tells it."""
    every = [psutil.Process(suite.supervisor.pid), *psutil.Process(suite.supervisor.pid).children(recursive=True)]
    return [_peak_mb(each.pid) for each in every if "python" in each.name()]


def _peak_mb(pid: int) -> int:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return round(int(status["VmHWM"].split()[0]) * 1024 / 1e6)


if __name__ == "__main__":
    sys.exit(main())
