"""Measures the full scan, and how fast new contacts are compared, in a process of its own over a real PostgreSQL."""

import resource
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from bench.population import Human, Registry
from crm.chassis.database import Database
from crm.chassis.keys import Keyring, migrate_keyring
from crm.chassis.log import Context, EventLog, PostgresStore, Step
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import Feed, prepare
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import postgres_backend
from crm.chassis.testing.views import from_log
from crm.contacts.contact import contacts
from crm.contacts.duplicates.match_keys import match_keys
from crm.contacts.duplicates.matching import Matching
from crm.contacts.duplicates.queue import duplicates
from crm.contacts.duplicates.scan_job import scans, start
from crm.contacts.duplicates.scanning import Scanning, take
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.events.particulars import Phone
from crm.events.profiles import ContactBirthdayRecorded

AGAIN = 0.05
APPEND = 200
NEWCOMERS = 5_000
MB = 1_000


def measure(size: int) -> None:
    """Prints the figures of a base of `size` contacts, one in twenty of them there twice."""
    with postgres_backend(fsync=True) as server:
        database, keyring, key = server.fresh_database(), server.fresh_database(), secrets.token_hex(16)
        migrate(database, (CHASSIS, *service.migrations))
        migrate_keyring(keyring)
        runtime = runtime_of(database, keyring, key)
        with runtime.database.connection() as connection:
            prepare(connection, service.views)
        registry = Registry(seed=size)
        people = [registry.human() for _ in range(size)]
        pairs = {n: size + n for n in range(int(size * AGAIN))}
        everybody = people + [registry.again(people[n]) for n in pairs]
        ids = [uuid4() for _ in everybody]
        _register(runtime, ids, everybody)
        _show(runtime)
        same = {frozenset((ids[a], ids[b])) for a, b in pairs.items()}
        figures = _in_a_process("scan", database, keyring, key)
        _show(runtime)
        found = {frozenset((case.first, case.second)) for case in duplicates.select(runtime.database)}
        print(f"\nFull scan of {len(everybody):,} contacts, {len(same):,} of them a second time")
        print(f"  {figures}")
        print(f"  precision {len(found & same) / len(found):.4f}, recall {len(found & same) / len(same):.4f}")
        newcomers = [registry.human() for _ in range(min(NEWCOMERS, size // 2))]
        newcomers[::20] = map(registry.again, people[: len(newcomers[::20])])
        _register(runtime, [uuid4() for _ in newcomers], newcomers)
        _show(runtime)
        print(f"\n{len(newcomers):,} new contacts, one in twenty of them somebody known, beside those")
        print(f"  {_in_a_process('match', database, keyring, key, str(len(newcomers)))}")


def runtime_of(database: str, keyring: str, key: str) -> Runtime:
    """What a role is handed."""
    settings = Settings.model_validate({"database": database, "keyring": keyring, "master_key": key.encode()})
    opened, keys = Database(database, max_size=2), Keyring(keyring, key.encode())
    return Runtime(settings, opened, keys, service.log(PostgresStore(opened), keys))


def scan(runtime: Runtime) -> str:
    """One scan from the beginning to the end."""
    written = runtime.log.commands(Context("user:bench")).execute(scans, uuid4(), start)
    with runtime.database.connection() as connection:
        connection.execute("INSERT INTO duplicate_scans (scan_id, actor) VALUES (%s, 'bench')", (written.stream,))
    job = take(runtime)
    assert job
    Scanning(runtime, job).work_off()
    with runtime.database.connection() as connection:
        row = connection.execute("SELECT compared, suggested, passed_over FROM duplicate_scans").fetchone()
    assert row
    return f"{row[0]:,} pairs compared, {row[1]:,} suggested, {row[2]:,} keys passed over"


def match(runtime: Runtime, newcomers: str) -> str:
    """The newcomers, as the role finds them in the log."""
    with runtime.database.connection() as connection:
        row = connection.execute(
            "SELECT era, tx::text::bigint, notification_id FROM events"
            " WHERE topic = 'crm.contacts.contact-registered.v1' ORDER BY notification_id DESC OFFSET %s LIMIT 1",
            (int(newcomers),),
        ).fetchone()
        connection.execute("INSERT INTO matching (era, tx, number) VALUES (%s, %s, %s)", row)
    began, matching = time.monotonic(), Matching(runtime)
    while matching.turn():
        pass
    return f"{int(newcomers) / (time.monotonic() - began):,.0f} contacts/s"


def _register(runtime: Runtime, ids: list[UUID], everybody: list[Human]) -> None:
    """As an import would, but without claims, which are not what is measured."""
    unclaimed = replace(contacts, claims=None)
    do = runtime.log.commands(Context("user:bench", channel="import"))
    rest = iter(zip(ids, everybody, strict=True))
    while some := tuple(islice(rest, APPEND)):
        runtime.keys.create([each for each, _ in some])
        do.execute_together(*(Step(unclaimed, each, partial(_registered, human)) for each, human in some))


def _registered(human: Human, _: Any) -> Any:
    registered = register(
        None,
        name=human.name,
        emails=[human.email] if human.email else [],
        phones=[Phone(human.phone, human.phone)] if human.phone else [],
        address=human.address,
    )
    if human.birthday is None:
        return registered
    return registered, ContactBirthdayRecorded(birthday=date.fromisoformat(human.birthday))


def _show(runtime: Runtime) -> None:
    """Lets the two views catch up."""
    for view in (match_keys, duplicates):
        feed = Feed(runtime.database, view, service.name, runtime.keys)
        feed.open()
        for page in _pages(runtime.log, feed):
            feed.take(from_log(page))


def _pages(log: EventLog, feed: Feed) -> Iterator[Any]:
    while page := log.read(next(iter(feed.marks.values()), None), 2_000):
        yield page


def _in_a_process(work: str, *arguments: str) -> str:
    command = [sys.executable, "-m", "bench.scanning", work, *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def main(work: str, database: str, keyring: str, key: str, *more: str) -> None:
    """Does one piece of work and prints how long it took, and how much memory."""
    runtime = runtime_of(database, keyring, key)
    began = time.monotonic()
    told = match(runtime, *more) if work == "match" else scan(runtime)
    seconds = time.monotonic() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
    print(f"{seconds:.1f} s, {memory:.0f} MB RSS: {told}")


if __name__ == "__main__":
    main(*sys.argv[1:])
