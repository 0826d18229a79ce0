"""The list of imports that are worked on or wait: which is next, how far each is, and how each ended."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeAlias
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from crm.chassis.database import Database
from crm.contacts.importing.deciding import Upsert
from crm.contacts.importing.dialect import Dialect
from crm.contacts.importing.layout import Examined, Format, Layout
from crm.events.imports import OnMatch, RowKind

LEASE = timedelta(seconds=30)
Work: TypeAlias = Literal["rehearsing", "running", "reverting"]
"""The states in which there is something to do."""

_COLUMNS = """
    import_id, upload_id, rejected_upload, content_hash, actor, state, encoding, delimiter, quote, columns, format,
    source, kind, key, on_match, first_line, size_bytes, done_bytes, line, registered, updated, matched, conflicts,
    rejected, accounts, affiliated, undone, kept, error, started_at, finished_at
"""
_TAKE = f"""
    UPDATE imports SET leased_until = now() + %s WHERE import_id = (
        SELECT import_id FROM imports WHERE state IN ('rehearsing', 'running', 'reverting')
            AND (leased_until IS NULL OR leased_until < now())
        ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}
"""
_TAKE_IN = """
    INSERT INTO imports (import_id, upload_id, content_hash, actor, state, encoding, delimiter, quote, columns, format,
        source, kind, key, on_match, first_line, line, size_bytes)
    VALUES (%(id)s, %(upload)s, %(hash)s, %(actor)s, %(state)s, %(encoding)s, %(delimiter)s, %(quote)s, %(columns)s,
        %(format)s, %(source)s, %(kind)s, %(key)s, %(on_match)s, %(first)s, %(first)s, %(size)s)
    ON CONFLICT DO NOTHING
"""


@dataclass(frozen=True)
class Job:
    """An import, and how far it is: `line` is the last one that was worked off."""

    import_id: UUID
    upload_id: UUID
    rejected_upload: UUID | None
    content_hash: str | None
    actor: str
    state: str
    encoding: str
    delimiter: str
    quote: str
    columns: dict[str, str]
    format: Format
    source: str
    kind: RowKind
    key: str
    on_match: OnMatch
    first_line: int
    size_bytes: int
    done_bytes: int
    line: int
    registered: int
    updated: int
    matched: int
    conflicts: int
    rejected: int
    accounts: int
    affiliated: int
    undone: int
    kept: int
    error: str | None
    started_at: datetime
    finished_at: datetime | None

    @property
    def layout(self) -> Layout:
        return Layout(self.format, Dialect(self.encoding, self.delimiter, self.quote), self.columns, self.first_line)

    @property
    def upsert(self) -> Upsert:
        return Upsert(self.key, self.on_match)


def take(database: Database) -> Job | None:
    """The next import to be worked on, leased to the caller."""
    with database.connection() as connection, connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(_TAKE.encode(), (LEASE,)).fetchone()


def find(database: Database, import_id: UUID) -> Job | None:
    """An import, whatever state it is in."""
    select = f"SELECT {_COLUMNS} FROM imports WHERE import_id = %s"
    with database.connection() as connection, connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(select.encode(), (import_id,)).fetchone()


def take_in(
    database: Database,
    import_id: UUID,
    upload_id: UUID,
    examined: Examined,
    upsert: Upsert,
    *,
    actor: str,
    state: str,
    size: int,
    content_hash: str,
) -> bool:
    """Adds an import to the list. False if it is there already."""
    layout = examined.layout
    values: Mapping[str, Any] = {
        "id": import_id,
        "upload": upload_id,
        "hash": content_hash,
        "actor": actor,
        "state": state,
        "size": size,
        **vars(layout.dialect),
        "columns": Jsonb(layout.columns),
        "format": layout.format,
        "first": layout.first,
        "source": examined.source,
        "kind": examined.kind,
        "key": upsert.key,
        "on_match": upsert.on_match,
    }
    with database.connection() as connection:
        return connection.execute(_TAKE_IN, values).rowcount == 1


def map_columns(database: Database, import_id: UUID, columns: Mapping[str, str], kind: RowKind, upsert: Upsert) -> None:
    """Notes what columns mean."""
    with database.connection() as connection:
        connection.execute(
            "UPDATE imports SET state = 'mapped', columns = %s, kind = %s, key = %s, on_match = %s"
            " WHERE import_id = %s AND state IN ('uploaded', 'mapped', 'rehearsing', 'dry_run')",
            (Jsonb(columns), kind, upsert.key, upsert.on_match, import_id),
        )


def begin(database: Database, import_id: UUID, work: Work, *, after: tuple[str, ...]) -> None:
    """Puts an import to work from its beginning, if it is in one of some states."""
    with database.connection() as connection:
        if work == "reverting":
            connection.execute(
                "UPDATE imports SET state = 'reverting', line = 0, undone = 0, kept = 0, leased_until = NULL,"
                " finished_at = NULL WHERE import_id = %s AND state = ANY(%s)",
                (import_id, list(after)),
            )
        else:
            connection.execute(
                "UPDATE imports SET state = %s, line = first_line, registered = 0, updated = 0, matched = 0,"
                " conflicts = 0, rejected = 0, accounts = 0, affiliated = 0, done_bytes = 0, error = NULL,"
                " leased_until = NULL WHERE import_id = %s AND state = ANY(%s)",
                (work, import_id, list(after)),
            )


def end(database: Database, job: Job, state: str, *, error: str | None = None) -> None:
    """Notes how the work on an import ended; nothing, if it was ended otherwise meanwhile."""
    with database.connection() as connection:
        connection.execute(
            "UPDATE imports SET state = %s, error = %s, finished_at = now(), leased_until = NULL,"
            " done_bytes = CASE WHEN %s THEN size_bytes ELSE done_bytes END WHERE import_id = %s AND state = %s",
            (state, error, error is None, job.import_id, job.state),
        )


def end_now(database: Database, import_id: UUID, state: str) -> None:
    """Ends an import whatever is done with it."""
    with database.connection() as connection:
        connection.execute(
            "UPDATE imports SET state = %s, finished_at = now() WHERE import_id = %s", (state, import_id)
        )


def forget_rejected(database: Database, import_id: UUID) -> None:
    """Notes that the file of rejected rows is gone."""
    with database.connection() as connection:
        connection.execute("UPDATE imports SET rejected_upload = NULL WHERE import_id = %s", (import_id,))


def hold(database: Database, job: Job) -> None:
    """Keeps an import that takes long leased to the caller."""
    with database.connection() as connection:
        connection.execute("UPDATE imports SET leased_until = now() + %s WHERE import_id = %s", (LEASE, job.import_id))


def release(database: Database, job: Job) -> None:
    """Gives an import back that cannot be worked on just now."""
    with database.connection() as connection:
        connection.execute("UPDATE imports SET leased_until = NULL WHERE import_id = %s", (job.import_id,))
