"""The log's table: the recorder of the `eventsourcing` library with our columns and the horizon.

Number order is not commit order, so a reader that follows the numbers passes facts that are not committed yet. Readers
here follow (era, transaction id, number) and see only what is settled: below the oldest transaction still running.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg import Connection
from psycopg.types.json import Jsonb

from crm.chassis import packing
from crm.chassis.database import Database
from crm.chassis.log.reading import COLUMNS, SETTLED, sealed
from crm.chassis.log.store import Append
from crm.chassis.packing import packed
from crm.events import Position, Sealed

# Ordered by the qualified columns: ordering by a text output column loses facts when the id passes a power of ten.
# WITH TIES completes the last append, so a page never splits one.
_PAGE = f"""
    SELECT * FROM (
        SELECT {COLUMNS}, events.tx AS tx FROM events
        WHERE (events.era, events.tx, events.notification_id) > (%s::integer, %s::text::xid8, %s::bigint) AND {SETTLED}
        ORDER BY events.era, events.tx FETCH FIRST %s ROWS WITH TIES
    ) AS page ORDER BY page.era, page.tx, page.notification_id
"""

_STREAMS = f"""
    SELECT pg_current_xact_id_if_assigned()::text, {COLUMNS}
    FROM (VALUES (1)) AS always LEFT JOIN events ON events.originator_id = ANY(%s::uuid[])
    ORDER BY events.originator_id, events.originator_version
"""
# Most commands are about one stream. PostgreSQL plans this once per session; of an array it cannot know the length.
_STREAM = _STREAMS.replace("= ANY(%s::uuid[])", "= %s")

# Numbered in the order they were decided in, inserted in the order of their streams: two appends that meet on several
# streams then lock them in the same order.
_INSERT = """
    INSERT INTO events (notification_id, originator_id, originator_version, topic, state, append_id, partition_key,
        occurred_at, actor, channel, contact_ids, correlation_id, causation_id, traceparent)
    SELECT number, stream, version, topic, state, %(append_id)s, partition_key, coalesce(occurred_at, now()),
        %(actor)s, %(channel)s, contact_ids::uuid[], %(correlation_id)s, %(causation_id)s, %(traceparent)s
    FROM (
        SELECT nextval('events_notification_id_seq') AS number, new.*
        FROM unnest(%(streams)s::uuid[], %(versions)s::bigint[], %(topics)s::text[], %(states)s::bytea[],
            %(partition_keys)s::uuid[], %(occurred_ats)s::timestamptz[], %(abouts)s::text[])
            WITH ORDINALITY AS new (stream, version, topic, state, partition_key, occurred_at, contact_ids, place)
        ORDER BY place
    ) AS numbered
    ORDER BY stream, version
"""

_REMEMBER = """
    INSERT INTO idempotency (caller, key, request_hash, stream, version, event_ids, refusal)
    VALUES (%(caller)s, %(key)s, %(request_hash)s, %(stream)s, %(version)s, %(event_ids)s, %(refusal)s)
"""

_SCHEDULE = """
    INSERT INTO timers (stream, name, due_at, scheduled_by)
    SELECT * FROM unnest(%(timer_streams)s::uuid[], %(timer_names)s::text[], %(due_ats)s::timestamptz[],
        %(scheduled_bys)s::text[])
    ON CONFLICT (stream, name) DO UPDATE SET due_at = excluded.due_at, scheduled_by = excluded.scheduled_by,
        leased_until = NULL, attempts = 0, last_error = NULL
"""

_CANCEL = """
    DELETE FROM timers USING unnest(%(cancelled_streams)s::uuid[], %(cancelled_names)s::text[]) AS gone (stream, name)
    WHERE timers.stream = gone.stream AND timers.name = gone.name
"""


_OPTIONAL_MOMENT = packing.nullable(packing.moment)


@dataclass(frozen=True)
class StoredFact(StoredEvent):
    """The library's stored event, with what our table keeps beside it."""

    partition_key: UUID
    contact_ids: tuple[UUID, ...]
    occurred_at: datetime | None


class _OurPool(PostgresDatastore):
    """The library's datastore over the one pool of the process. Table and types come from our migrations."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.schema = "public"
        self.originator_id_type = "uuid"
        self.enable_db_functions = False  # never: its function drops the lock that number order needs, and loses facts
        self.lock_timeout = 0
        self.db_type_names: set[str] = set()
        self.psycopg_type_adapters = {}
        self.psycopg_python_types = {}

    def register_type_adapters(self) -> None:
        """No composite types: rows are inserted from arrays."""

    @contextmanager
    def get_connection(self) -> Iterator[Connection[Any]]:
        with self._database.connection() as connection:
            yield connection

    def close(self) -> None:
        """The pool belongs to the process."""


class FactRecorder(PostgresApplicationRecorder):
    """Appends and reads facts. Takes no table lock and sends no notification inside an append."""

    def __init__(self, database: Database) -> None:
        super().__init__(_OurPool(database), events_table_name="events")

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """One statement, so one transaction without a round trip more; `append` says what goes with the facts."""
        append: Append = kwargs["append"]
        facts = [each for each in stored_events if isinstance(each, StoredFact)]
        parts: tuple[str, ...] = (_INSERT,)
        params = _fact_params(append, facts)
        if append.remembered is not None:
            parts += (_REMEMBER,)
            params |= vars(append.remembered)
            params["event_ids"] = packed(packing.TEXTS, packing.text, append.remembered.event_ids)
            params["refusal"] = Jsonb(append.remembered.refusal) if append.remembered.refusal else None
        if append.timers.scheduled:
            parts += (_SCHEDULE,)
            columns = ("timer_streams", "timer_names", "due_ats", "scheduled_bys")
            params |= _columns(columns, append.timers.scheduled)
        if append.timers.cancelled:
            parts += (_CANCEL,)
            params |= _columns(("cancelled_streams", "cancelled_names"), append.timers.cancelled)
        with self.datastore.get_connection() as connection:
            connection.execute(_in_one_statement(parts), params)

    def load(self, streams: Sequence[UUID]) -> tuple[str | None, list[Sealed]]:
        """The facts of some streams in order, and the transaction's id if it has one already."""
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            several = _STREAMS, (packed(packing.UUIDS, packing.uuid, streams),)
            statement, params = (_STREAM, streams) if len(streams) == 1 else several
            rows: list[Any] = cursor.execute(statement, params).fetchall()
            return rows[0][0], [sealed(row[1:]) for row in rows if row[1] is not None]

    def read(self, after: Position | None, limit: int) -> list[Sealed]:
        """A page of settled facts in position order."""
        era, tx, number = after or (0, 0, 0)
        with self.datastore.get_connection() as connection, connection.cursor(binary=True) as cursor:
            rows: list[Any] = cursor.execute(_PAGE, (era, str(tx), number, limit)).fetchall()
            return [sealed(row) for row in rows]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The library's own reading by number: with the same horizon, so that nothing unsettled is ever seen."""
        statement = f"""
            SELECT events.notification_id, events.originator_id, events.originator_version, events.topic, events.state
            FROM events WHERE {SETTLED}
              AND events.notification_id >= %s AND (%s::bigint IS NULL OR events.notification_id <= %s)
              AND (%s::text[] = '{{}}' OR events.topic = ANY(%s::text[]))
            ORDER BY events.notification_id LIMIT %s
        """
        first = (start or 0) + (0 if start is None or inclusive_of_start else 1)
        with self.datastore.get_connection() as connection:
            rows: list[Any] = connection.execute(
                statement.encode(), (first, stop, stop, list(topics), list(topics), limit)
            ).fetchall()
        return [
            Notification(id=r[0], originator_id=r[1], originator_version=r[2], topic=r[3], state=r[4]) for r in rows
        ]


@cache
def _in_one_statement(parts: tuple[str, ...]) -> bytes:
    *before, last = reversed(parts)
    if not before:
        return last.encode()
    named = ", ".join(f"part_{number} AS ({part})" for number, part in enumerate(before))
    return f"WITH {named} {last}".encode()


def _columns(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> dict[str, Any]:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))


def _fact_params(append: Append, facts: Sequence[StoredFact]) -> dict[str, Any]:
    return {
        "append_id": append.append_id,
        "actor": append.actor,
        "channel": append.channel,
        "correlation_id": append.correlation_id,
        "causation_id": append.causation_id,
        "traceparent": append.traceparent,
        "streams": packed(packing.UUIDS, packing.uuid, (each.originator_id for each in facts)),
        "versions": packed(packing.BIGINTS, packing.bigint, (each.originator_version for each in facts)),
        "topics": packed(packing.TEXTS, packing.text, (each.topic for each in facts)),
        "states": packed(packing.BYTES, packing.content, (each.state for each in facts)),
        "partition_keys": packed(packing.UUIDS, packing.uuid, (each.partition_key for each in facts)),
        "occurred_ats": packed(packing.MOMENTS, _OPTIONAL_MOMENT, (each.occurred_at for each in facts)),
        "abouts": packed(packing.TEXTS, packing.text, ("{" + ",".join(map(str, e.contact_ids)) + "}" for e in facts)),
    }
