"""Migrations: numbered SQL files, applied once each, in order, one runner at a time.

A file whose first line is `-- no-transaction` runs statement by statement outside a transaction.
"""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from importlib.resources.abc import Traversable

from psycopg import Connection
from psycopg.rows import TupleRow
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from crm.chassis.database import connect

CHASSIS = files("crm.chassis.migrations") / "sql"
"""The tables every service has: log, relay, timers, projections."""

_LOCK = 0x5261_7070
_NO_TRANSACTION = "-- no-transaction"


class MigrationChanged(Exception):  # noqa: N818
    """A migration that was applied before has another content now."""


def migrate(dsn: str, folders: Sequence[Traversable] = (CHASSIS,)) -> list[str]:
    """Applies what is missing and returns the names. Two runners may start at once: one works, the other waits.

    Raises `MigrationChanged` if a file that was applied differs from what was applied.
    """
    with connect(dsn, application="migrate", limited=False) as connection, _only_runner(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT now())"
        )
        applied = connection.execute("SELECT name, sha256 FROM migrations").fetchall()
        known: dict[str, str] = dict(applied)
        return [name for name, sql in _files(folders) if _apply(connection, name, sql, known.get(name))]


def _files(folders: Sequence[Traversable]) -> list[tuple[str, str]]:
    found = [each for folder in folders for each in folder.iterdir() if each.name.endswith(".sql")]
    return [(each.name, each.read_text("utf-8")) for each in sorted(found, key=lambda each: each.name)]


def _apply(connection: Connection[TupleRow], name: str, sql: str, applied: str | None) -> bool:
    sha256 = hashlib.sha256(sql.encode()).hexdigest()
    if applied is not None:
        if applied != sha256:
            raise MigrationChanged(f"{name} was applied with another content. Add a new file instead of editing it.")
        return False
    record = "INSERT INTO migrations (name, sha256) VALUES (%s, %s)"
    if sql.startswith(_NO_TRANSACTION):
        for statement in filter(str.strip, sql.split(";\n")):
            connection.execute(statement.encode())
        connection.execute(record, (name, sha256))
    else:
        with connection.transaction():
            connection.execute(sql.encode())
            connection.execute(record, (name, sha256))
    return True


@contextmanager
def _only_runner(connection: Connection[TupleRow]) -> Iterator[None]:
    # Polled, never blocking: a waiting advisory lock and CREATE INDEX CONCURRENTLY wait for each other for ever.
    @retry(retry=retry_if_result(lambda locked: not locked), wait=wait_fixed(0.1), stop=stop_after_delay(60))
    def lock() -> bool:
        row = connection.execute("SELECT pg_try_advisory_lock(%s)", (_LOCK,)).fetchone()
        return bool(row and row[0])

    lock()
    try:
        yield
    finally:
        connection.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
