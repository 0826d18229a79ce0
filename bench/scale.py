"""Measures how cost grows with the log: appends, the tail, one stream, a rebuild, pages of a history, memory, disk.

`python -m bench.scale` grows one log from 10,000 to 1,000,000 facts (`--largest` for more) and measures at each power
of ten. One fact in twenty is about one contact, so that its history grows with the log; the others have ten each.
"""

import argparse
import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from hashlib import md5
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.paging import PageRequest
from crm.chassis.projection import Past, prepare, rebuild
from crm.chassis.projection.sources import LogHistory
from crm.chassis.testing.backends import postgres_backend
from crm.contacts.history import history
from crm.contacts.interaction import interactions, log_interaction
from crm.contacts.paging import page_of
from crm.contacts.reader import EVERYTHING
from crm.contacts.service import service
from crm.events import wire
from crm.events.profiles import ContactAssigned

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
LARGEST = 1_000_000
BUSIEST = UUID(int=1)
TIMES = 300
READ_S = 3.0
CHUNK = 1_000
"""Facts of one transaction: a page of the log never splits one."""
BUILT = 1_000_000
"""Up to how many facts the history is rebuilt and asked; beyond, the log alone is measured."""

_FILL = b"""
    INSERT INTO events (originator_id, originator_version, topic, state, append_id, partition_key, occurred_at, actor,
        channel, contact_ids, correlation_id)
    SELECT made.stream, version, 'crm.contacts.contact-assigned.v1', %(value)s, made.stream, made.contact,
        timestamptz '2024-01-01' + made.number * interval '11 seconds', 'user:bench', 'api', ARRAY[made.contact], 'b'
    FROM (
        SELECT number, md5(number::text)::uuid AS stream,
            CASE WHEN number %% 20 = 0 THEN %(busiest)s::uuid ELSE md5(number::text)::uuid END AS contact
        FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS number
    ) AS made CROSS JOIN generate_series(1, 10) AS version
"""


# A rebuild goes as far as the live view is: here it counts as being at the end, its rows are what is measured.
_AT_THE_END = b"""
    INSERT INTO checkpoints (feed, shard, era, tx, number)
    SELECT feed, 0, %(era)s, %(tx)s, %(number)s FROM feeds JOIN view_state USING (view)
    WHERE name = %(view)s AND source = 'contacts'
    ON CONFLICT (feed, shard) DO UPDATE SET era = EXCLUDED.era, tx = EXCLUDED.tx, number = EXCLUDED.number
"""


def main() -> int:
    """Prints a table, one column per size, and the same as JSON."""
    parser = argparse.ArgumentParser(prog="bench.scale", description=__doc__)
    parser.add_argument("--largest", type=int, default=LARGEST, help="up to how many facts")
    parser.add_argument("--quick", action="store_true", help="up to 100,000 facts")
    options = parser.parse_args()
    sizes = [each for each in SIZES if each <= (100_000 if options.quick else options.largest)]
    with postgres_backend(fsync=True) as server:
        dsn = server.fresh_database()
        migrate(dsn, (CHASSIS, *service.migrations))
        database = Database(dsn)
        with database.connection() as connection:
            prepare(connection, service.views)
        keys = MemoryKeys()
        measured = {size: dict(_measure(database, keys, size)) for size in _grown(database, sizes)}
        database.close()
    for name in next(iter(measured.values())):
        cells = (f"{found[name]:,}" if name in found else "" for found in measured.values())
        sys.stdout.write(f"{name:44}" + "".join(f"{each:>14}" for each in cells) + "\n")
    sys.stdout.write(json.dumps(measured) + "\n")
    return 0


def _grown(database: Database, sizes: list[int]) -> Iterator[int]:
    """Each size, once the log has it."""
    value = wire.encode(ContactAssigned(owner="mia"), lambda personal: "")
    filled = 0
    for size in sizes:
        for first in range(filled, size // 10, CHUNK // 10):
            last = min(first + CHUNK // 10, size // 10) - 1
            with database.connection() as connection:
                connection.execute(_FILL, {"value": value, "busiest": BUSIEST, "first": first, "last": last})
        filled = size // 10
        with database.connection() as connection:
            connection.execute("ANALYZE events")
        sys.stderr.write(f"{size:,} facts\n")
        yield size


def _measure(database: Database, keys: MemoryKeys, size: int) -> Iterator[tuple[str, float]]:
    yield from _log(database, keys, size)
    if size <= BUILT:
        yield from _rebuild(database, keys)
        for name, contact in (("busiest contact", BUSIEST), ("any contact", UUID(_md5(size // 20 + 1)))):
            yield from _timed(f"page, {name}, ms", partial(_page, database, keys, contact))
        yield "history, bytes a fact with indexes", round(_taken(database, history.table.name) / size)
    yield "log, bytes a fact with indexes", round(_taken(database, "events") / size)
    yield "memory of the process at most, MB", round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000)


def _log(database: Database, keys: MemoryKeys, size: int) -> Iterator[tuple[str, float]]:
    store = PostgresStore(database)
    log = EventLog("contacts", store, keys, service.claim_facts)
    note = partial(log_interaction, contact=uuid4(), kind="note", direction="internal", subject="measured")
    yield from _timed("append, ms", lambda: log.commands(Context("user:bench")).execute(interactions, uuid4(), note))
    end = LogHistory(database).end()
    yield from _timed("tail with nothing new, ms", lambda: store.read(end, 500))
    began, read, at = time.perf_counter(), 0, None
    while time.perf_counter() - began < READ_S and (page := store.read(at, CHUNK)):
        read, at = read + len(page), page[-1].position
    yield "read from the beginning, facts/s", round(read / (time.perf_counter() - began))
    yield from _timed("one stream folded, ms", lambda: store.load([UUID(_md5(size // 20))]))


def _taken(database: Database, table: str) -> int:
    with database.connection() as connection:
        row = connection.execute("SELECT pg_total_relation_size(%s::regclass)", (table,)).fetchone()
    return int(row[0]) if row else 0


def _rebuild(database: Database, keys: MemoryKeys) -> Iterator[tuple[str, float]]:
    past = Past("contacts", LogHistory(database), PostgresStore(database))
    end = past.history.end()
    assert end
    with database.connection() as connection:
        connection.execute(_AT_THE_END, {"view": history.table.name, **end._asdict()})
    rebuilt = rebuild(database, history, keys, past, actor="user:bench")
    yield "rebuild of the history, facts/s", round(rebuilt.facts / rebuilt.seconds)
    yield "switch to the rebuilt tables, ms", round(rebuilt.switch_s * 1_000, 1)


def _page(database: Database, keys: MemoryKeys, contact: UUID) -> None:
    with database.connection() as connection:
        page_of(connection, [contact], PageRequest(limit=50), reader=EVERYTHING, unseal=keys.unseal)


def _md5(number: int) -> str:
    return md5(str(number).encode(), usedforsecurity=False).hexdigest()


def _timed(name: str, work: Callable[[], object]) -> Iterator[tuple[str, float]]:
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1_000)
    cuts = statistics.quantiles(times, n=100)
    yield f"{name}, p50", round(cuts[49], 2)
    yield f"{name}, p99", round(cuts[98], 2)


if __name__ == "__main__":
    sys.exit(main())
