"""The recorder of the `eventsourcing` library as it comes: a table lock and a notification in every append."""

import time
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

from bench.path.crew import Told
from bench.path.facts import STREAMS, value_of

PAGE = 1_000
LOOK_AGAIN_S = 0.002


def recorder(dsn: str) -> PostgresApplicationRecorder:
    """The recorder over a database, with the library's own settings."""
    return PostgresApplicationRecorder(PostgresDatastore(**_given(dsn)), events_table_name="stored_events")


def settings(dsn: str) -> dict[str, str]:
    """A database as the library wants it named."""
    parts = urlsplit(dsn)
    return {
        "dbname": parts.path.removeprefix("/"),
        "host": str(parts.hostname),
        "port": str(parts.port),
        "user": str(parts.username),
        "password": str(parts.password),
    }


def _given(dsn: str) -> dict[str, Any]:
    return dict(settings(dsn))


def create_table(dsn: str) -> None:
    """The library's table and indexes."""
    made = recorder(dsn)
    made.create_table()
    made.datastore.close()


def append(told: Told, dsn: str, per_append: int, seconds: float) -> tuple[int, float]:
    """One process that appends: as `bench.path.appending.append`."""
    into, streams, number = recorder(dsn), [uuid4() for _ in range(STREAMS)], 0
    into.max_notification_id()
    started = told.ready()
    while time.monotonic() < started + seconds:
        stream, first = streams[number % STREAMS], number // STREAMS * per_append + 1
        versions = range(first, first + per_append)
        into.insert_events([StoredEvent(stream, each, "PointsEarned", value_of(each)) for each in versions])
        number += 1
    took = time.monotonic() - started
    into.datastore.close()
    return number * per_append, took


def tail(told: Told, dsn: str) -> int:
    """A reader: as `bench.path.appending.tail`."""
    log = recorder(dsn)
    after = log.max_notification_id() or 0
    told.ready()
    seen = 0
    while True:
        stopping = told.stop.is_set()
        page = log.select_notifications(after, PAGE, inclusive_of_start=False)
        seen += len(page)
        if page:
            after = page[-1].id
        elif stopping:
            log.datastore.close()
            return seen
        else:
            time.sleep(LOOK_AGAIN_S)
