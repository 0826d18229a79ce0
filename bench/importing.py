"""Measures imports: the worker alone, and with the whole suite running, whose projectors share the cores."""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psutil
import psycopg

from crm.chassis.database import Database
from crm.chassis.keys import Keyring, migrate_keyring
from crm.chassis.log import Context, PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import prepare
from crm.chassis.runtime import CACHED_KEYS, KEY_CACHE_S, Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import postgres_backend, temporary_folder
from crm.contacts.import_job import imports, start
from crm.contacts.importing import job as jobs
from crm.contacts.importing.deciding import Upsert
from crm.contacts.importing.layout import examine
from crm.contacts.importing.spool import spool
from crm.contacts.importing.worker import work_off
from crm.contacts.service import service
from crm.events.imports import ImportStarted
from tests.integration.running_suite import RunningSuite, end, eventually
from tests.integration.running_suite import start as start_suite

MASTER_KEY = bytes(32)
WATCH_EVERY_S = 0.02


def main() -> int:
    """Prints the figures as a table and as JSON."""
    parser = argparse.ArgumentParser(prog="bench.importing", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows")
    parser.add_argument("--alone", action="store_true", help="only the worker, without the suite")
    given = parser.parse_args()
    people = 5_000 if given.quick else 50_000
    figures: dict[str, Any] = {"people": people} | alone(people)
    if not given.alone:
        figures |= with_suite(people)
    for name, figure in figures.items():
        sys.stdout.write(f"{name:56} {figure}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


def alone(people: int) -> dict[str, Any]:
    """The worker in this process, with PostgreSQL and the keyring: new people, some of them renamed, then employees."""
    with (
        postgres_backend(fsync=True) as server,
        _runtime(server.fresh_database(), server.fresh_database()) as runtime,
    ):
        figures: dict[str, Any] = {}
        with _longest_transaction(runtime.settings.database) as longest:
            for what, file in (
                ("new", rows(people)),
                ("updated", rows(people // 5, name="Renamed")),
                ("new, with organisations", rows(people, of_work=True)),
            ):
                job = _taken_in(runtime, file)
                began, spent = time.monotonic(), time.process_time()
                work_off(runtime, job)
                count = file.count(b"\n") - 1
                figures[f"worker alone, {what}, rows/s"] = round(count / (time.monotonic() - began))
                figures[f"worker alone, {what}, own CPU, µs a row"] = round(1e6 * (time.process_time() - spent) / count)
        figures["worker alone, longest write transaction, ms"] = round(1_000 * longest())
        figures["worker alone, MB RSS"] = psutil.Process().memory_info().rss // 1_000_000
        return figures


def with_suite(people: int) -> dict[str, Any]:
    """Through the API of a running suite, until the last row is counted; and what its processes spend meanwhile."""
    with temporary_folder() as folder:
        suite = start_suite(folder / "state")
        try:
            before, began = _cpu(suite), time.monotonic()
            answer = suite.api("contacts").post("/imports", files={"file": rows(people)}, timeout=120)
            path = f"/imports/{answer.raise_for_status().json()['id']}"
            eventually(lambda: suite.api("contacts").get(path).json()["status"] == "completed", within_s=1_800)
            took, after = time.monotonic() - began, _cpu(suite)
            spent = {name: after[name] - before.get(name, 0.0) for name in after}
            shares = sorted(spent.items(), key=lambda each: -each[1])[:8]
            return {
                "with the suite, rows/s": round(people / took),
                "with the suite, CPU by process, ms a row": {name: round(1_000 * s / people, 2) for name, s in shares},
            }
        finally:
            end(suite.supervisor)


def rows(people: int, name: str = "Person", *, of_work: bool = False) -> bytes:
    """A file of people with an address and a number each; or of others, who work for one of 500 organisations each."""
    if of_work:
        told = (f"{name} {n},worker{n}@example.com,Company {n % 500},Title {n % 40}\n" for n in range(people))
        return ("name,email,company,job title\n" + "".join(told)).encode()
    told = (f"{name} {n},person{n}@example.org,+49 30 {10_000_000 + n},City {n % 900},DE\n" for n in range(people))
    return ("name,email,phone,city,country\n" + "".join(told)).encode()


@contextmanager
def _runtime(database: str, keyring: str) -> Iterator[Runtime]:
    migrate(database, (CHASSIS, *service.migrations))
    migrate_keyring(keyring)
    with psycopg.connect(database, autocommit=True) as connection:
        prepare(connection, service.views)
    settings = Settings.model_validate({"database": database, "keyring": keyring, "master_key": MASTER_KEY})
    opened = Database(database)
    keys = Keyring(keyring, MASTER_KEY, cache_s=KEY_CACHE_S, cached_subjects=CACHED_KEYS)
    try:
        yield Runtime(settings, opened, keys, service.log(PostgresStore(opened), keys))
    finally:
        keys.close()
        opened.close()


def _taken_in(runtime: Runtime, content: bytes) -> jobs.Job:
    with tempfile.TemporaryFile() as file:
        file.write(content)
        examined, upsert = examine(file), Upsert("email", "update")
        upload_id, import_id = spool(runtime.database, runtime.keys, file), uuid4()
    layout = examined.layout
    started = ImportStarted(
        content_hash="",
        size_bytes=len(content),
        encoding=layout.dialect.encoding,
        delimiter=layout.dialect.delimiter,
        columns=dict(layout.columns),
    )
    runtime.log.commands(Context("user:bench")).execute(imports, import_id, lambda job: start(job, started=started))
    jobs.take_in(
        *(runtime.database, import_id, upload_id, examined, upsert),
        actor="user:bench",
        state="running",
        size=len(content),
        content_hash="",
    )
    job = jobs.take(runtime.database)
    assert job
    return job


@contextmanager
def _longest_transaction(dsn: str) -> Iterator[Callable[[], float]]:
    """Watches how old any transaction with an id gets (seconds)."""
    longest, over = 0.0, threading.Event()
    age = "max(extract(epoch FROM clock_timestamp() - xact_start))::float8"
    query = f"SELECT {age} FROM pg_stat_activity WHERE backend_xid IS NOT NULL".encode()

    def watch() -> None:
        nonlocal longest
        with psycopg.connect(dsn, autocommit=True) as connection:
            while not over.wait(WATCH_EVERY_S):
                row = connection.execute(query).fetchone()
                longest = max(longest, (row and row[0]) or 0.0)

    thread = threading.Thread(target=watch)
    thread.start()
    yield lambda: longest
    over.set()
    thread.join()


def _cpu(suite: RunningSuite) -> dict[str, float]:
    """Seconds of CPU by process of the suite; the servers' processes together."""
    named = {each["pid"]: f"{each['service']}-{each['role']}" for each in suite.described["processes"]}
    spent: dict[str, float] = {}
    for process in psutil.Process(suite.supervisor.pid).children(recursive=True):
        try:
            name = named.get(process.pid) or process.name()
            spent[name] = spent.get(name, 0.0) + sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return spent


if __name__ == "__main__":
    sys.exit(main())
