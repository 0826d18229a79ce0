"""A temporary SQLite file where facts, records, checkpoints and items of all services meet, so memory stays bounded."""

import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_TABLES = {
    "facts": "service, stream, version, append, key, era, tx, number, published",
    "about": "service, contact, stream, version, published",
    "records": "service, part, off, stream, version, append, key",
    "partitions": "service, recorded, actual",
    "feeds": "place, feed, name, source, late, state",
    "marks": "place, feed, shard, era, tx, number, consumed, applied, repeats, waiting",
    "applied": "place, feed, stream, version, blocked",
    "high_water": "place, name, shard, now_era, now_tx, now_number, era, tx, number",
    "items": "contact, service, stream, version",
}
_INDEXES = (
    "CREATE INDEX facts_stream ON facts (service, stream, version)",
    "CREATE INDEX facts_position ON facts (service, era, tx, number)",
    "CREATE INDEX records_stream ON records (service, stream, version, append)",
    "CREATE INDEX applied_stream ON applied (place, feed, stream)",
    "CREATE INDEX items_contact ON items (contact, service, stream, version)",
    "CREATE INDEX about_contact ON about (contact, service, stream, version)",
)
CHUNK = 10_000


class Scratch:
    """What was collected, as tables of text and numbers."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, table: str, rows: Iterable[Sequence[Any]]) -> int:
        """Adds rows to a table in the order of its columns; returns how many."""
        marks = ", ".join("?" * len(_TABLES[table].split(",")))
        return self._connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows).rowcount

    def index(self) -> None:
        """Called once after everything was added."""
        for statement in _INDEXES:
            self._connection.execute(statement)

    def query(self, statement: str) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""
        yield from self._connection.execute(statement)

    def count(self, statement: str) -> int:
        """The single number a query answers."""
        return int(self._connection.execute(statement).fetchone()[0] or 0)


@contextmanager
def scratch() -> Iterator[Scratch]:
    """An empty scratch file, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="rapport-audit-") as folder:
        connection = sqlite3.connect(Path(folder) / "audit.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        for name, columns in _TABLES.items():
            connection.execute(f"CREATE TABLE {name} ({columns})")
        try:
            connection.execute("BEGIN")
            yield Scratch(connection)
        finally:
            connection.close()
