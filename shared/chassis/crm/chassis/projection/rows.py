"""Tables of views: made from a row type, read and written in bulk. Only the columns a row type names are touched."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any, Generic, TypeAlias, TypeVar
from uuid import UUID
from zlib import crc32

from psycopg import Connection

from crm.chassis.packing import Encode, Packed, packed
from crm.chassis.projection.columns import TEXT, Column, as_text, columns_of

R = TypeVar("R")
Key: TypeAlias = Any
"""The value of the key column, or a tuple of values where the key has several columns."""

_COPY_HEAD = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"


class RowType(Generic[R]):
    """What follows from a row's dataclass and its key."""

    def __init__(self, row: type[R], key: str | tuple[str, ...]) -> None:
        self.row = row
        self.columns = columns_of(row)
        self.names = tuple(each.name for each in self.columns)
        self.key = (key,) if isinstance(key, str) else key
        if missing := set(self.key) - set(self.names):
            raise TypeError(f"{row.__name__} has no field {missing.pop()!r} for its key")
        self.by_name = {each.name: each for each in self.columns}
        self.key_of: Any = attrgetter(*self.key)
        """The key of a row."""
        self.values: Any = attrgetter(*self.names) if len(self.names) > 1 else self._only_value
        self.selected = ", ".join(f'"{c.name}"::text' if c.kind.sql == "jsonb" else f'"{c.name}"' for c in self.columns)
        self._decoders = [(at, c.kind.decode) for at, c in enumerate(self.columns) if c.kind.decode]

    def _only_value(self, row: R) -> tuple[Any]:
        return (getattr(row, self.names[0]),)

    def make(self, record: Sequence[Any]) -> R:
        """A row from the values of `selected`."""
        if not self._decoders:
            return self.row(*record)
        values = list(record)
        for at, decode in self._decoders:
            if values[at] is not None:
                values[at] = decode(values[at])
        return self.row(*values)

    def pack(self, keys: Collection[Key]) -> list[Packed]:
        """Keys as arrays, one per key column."""
        columns = [self.by_name[each] for each in self.key]
        parts: Iterable[Any] = [keys] if len(columns) == 1 else zip(*keys, strict=True)
        return [
            packed(column.kind.oid, column.kind.encode, values) for column, values in zip(columns, parts, strict=True)
        ]

    @property
    def subjects(self) -> dict[str, bool]:
        """The columns that name whose row it is, and whether they hold several people."""
        return {each.name: each.kind.nested for each in self.columns if each.subject}

    @property
    def blanks(self) -> dict[str, str | None]:
        """What an erasure writes into which columns."""
        return {each.name: each.blank for each in self.columns if each.personal}


ARRIVED = "arrived xid8 NOT NULL DEFAULT pg_current_xact_id()"
"""The column that a row type does not know: the transaction that added the row, for who waits for new ones."""


class Table(Generic[R]):
    """One table of rows of one type. With `arrivals` it also keeps when each row was added, in the order of commits."""

    def __init__(self, name: str, rows: RowType[R], indexes: tuple[str, ...] = (), *, arrivals: bool = False) -> None:
        self.name = name
        self.rows = rows
        self.arrivals = arrivals
        self.indexes = indexes
        self._encoders = [each.encode() for each in rows.columns]
        self._nested = [as_text(each) if each.kind.nested else each.encode() for each in rows.columns]
        self._upsert = self._upsert_statement().encode()
        self._load = self._load_statement().encode()
        wanted = [f'"{each}"' for each in rows.key]
        unnest = ", ".join(f"%b::{rows.by_name[each].kind.sql}[]" for each in rows.key)
        self._delete = f"DELETE FROM {name} WHERE ({', '.join(wanted)}) IN (SELECT * FROM unnest({unnest}))".encode()
        self._copy = f"COPY {name} ({', '.join(_quoted(rows.names))}) FROM STDIN (FORMAT BINARY)".encode()

    def create(self, connection: Connection[Any]) -> None:
        """Makes the table and its indexes unless they are there; raises if it is there with other columns."""
        columns = ", ".join([each.definition for each in self.rows.columns] + [ARRIVED] * self.arrivals)
        key = ", ".join(_quoted(self.rows.key))
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS {self.name} ({columns}, PRIMARY KEY ({key})) WITH (fillfactor = 80)".encode()
        )
        for definition in self.definitions():
            connection.execute(definition.encode())

    def definitions(self) -> list[str]:
        """The statements that make the indexes: those asked for, the one for arrivals, and one per subject column."""
        asked = [*self.indexes, *([f"{self.rows.key[0]}, arrived"] if self.arrivals else [])]
        asked += [each for each in self.rows.subjects if each not in (self.rows.key[0], *self.indexes)]
        return [_index(self.name, each, several=self.rows.subjects.get(each, False)) for each in asked]

    def load(self, connection: Connection[Any], keys: Collection[Key]) -> dict[Key, R]:
        """The rows of some keys, in one statement."""
        if not keys:
            return {}
        with connection.cursor(binary=True) as cursor:
            records = cursor.execute(self._load, self.rows.pack(keys)).fetchall()
        made = map(self.rows.make, records)
        return {self.rows.key_of(row): row for row in made}

    def upsert(self, connection: Connection[Any], rows: Mapping[Key, R]) -> None:
        """Writes rows in one statement, in the order of their keys, so that two writers meet in the same order."""
        if not rows:
            return
        records = [self.rows.values(rows[key]) for key in in_order(rows)]
        arrays = [
            packed(TEXT.oid if column.kind.nested else column.kind.oid, encode, values)
            for column, encode, values in zip(self.rows.columns, self._nested, zip(*records, strict=True), strict=True)
        ]
        connection.execute(self._upsert, arrays)

    def delete(self, connection: Connection[Any], keys: Collection[Key]) -> None:
        """Deletes the rows of some keys."""
        if keys:
            connection.execute(self._delete, self.rows.pack(in_order(keys)))

    def copy(self, connection: Connection[Any], rows: Iterable[R]) -> None:
        """Adds rows whose keys are new, in the fastest way. Raises `UniqueViolation` if one is not."""
        copy_binary(connection, self._copy, self._encoders, map(self.rows.values, rows))

    def _load_statement(self) -> str:
        key = self.rows.key
        if len(key) == 1:
            kind = self.rows.by_name[key[0]].kind.sql
            return f'SELECT {self.rows.selected} FROM {self.name} WHERE "{key[0]}" = ANY(%b::{kind}[])'
        unnest = ", ".join(f"%b::{self.rows.by_name[each].kind.sql}[]" for each in key)
        wanted = ", ".join(f"k{at}" for at in range(len(key)))
        same = " AND ".join(f'"{each}" = k{at}' for at, each in enumerate(key))
        # Lateral with an offset: one look-up per key, never a scan of the whole table.
        return (
            f"SELECT found.* FROM unnest({unnest}) AS wanted ({wanted}) CROSS JOIN LATERAL"
            f" (SELECT {self.rows.selected} FROM {self.name} WHERE {same} OFFSET 0) AS found"
        )

    def _upsert_statement(self) -> str:
        columns, names = self.rows.columns, _quoted(self.rows.names)
        unnest = ", ".join(f"%b::{'text' if each.kind.nested else each.kind.sql}[]" for each in columns)
        selected = ", ".join(_cast(f"v{at}", each) for at, each in enumerate(columns))
        changed = ", ".join(f'"{each}" = excluded."{each}"' for each in self.rows.names if each not in self.rows.key)
        return (
            f"INSERT INTO {self.name} ({', '.join(names)}) SELECT {selected}"
            f" FROM unnest({unnest}) AS new ({', '.join(f'v{at}' for at in range(len(columns)))})"
            f" ON CONFLICT ({', '.join(_quoted(self.rows.key))})"
            f" DO {f'UPDATE SET {changed}' if changed else 'NOTHING'}"
        )


def copy_binary(
    connection: Connection[Any], statement: bytes, encoders: Sequence[Encode], records: Iterable[Sequence[Any]]
) -> None:
    """Copies records into a table in PostgreSQL's binary form."""
    head = len(encoders).to_bytes(2, "big")
    parts = [_COPY_HEAD]
    for record in records:
        parts.append(head)
        parts += [encode(value) for encode, value in zip(encoders, record, strict=True)]
    parts.append(_COPY_END)
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(b"".join(parts))


def in_order(keys: Iterable[Key]) -> list[Key]:
    """Keys in an order that every writer of a table shares, also where parts of keys do not compare."""
    listed = list(keys)
    if listed and isinstance(listed[0], UUID):
        return sorted(listed, key=_number)  # several times faster than comparing the ids themselves
    try:
        return sorted(listed)
    except TypeError:
        return sorted(listed, key=repr)


_number = attrgetter("int")


def _cast(value: str, column: Column) -> str:
    return f"{value}::{column.kind.sql}" if column.kind.nested else value


def _quoted(names: Iterable[str]) -> list[str]:
    return [f'"{each}"' for each in names]


def _index(table: str, asked: str, *, several: bool) -> str:
    """An index of a table. `asked` is what stands in its parentheses; `UNIQUE` may stand before it."""
    unique, columns = ("UNIQUE ", asked[7:]) if asked.upper().startswith("UNIQUE ") else ("", asked)
    method = "gin" if several or re.search(r"\bgin_|\b(jsonb|jsonb_path|array|tsvector)_ops\b", columns) else "btree"
    method = "gist" if re.search(r"\bgist_", columns) else method
    return f"CREATE {unique}INDEX IF NOT EXISTS {index_name(table, asked)} ON {table} USING {method} ({columns})"


def index_name(table: str, asked: str) -> str:
    """The name of an index: its table's, and a mark of what it is on, so that a changed index is another one."""
    return f"{table}_{crc32(asked.encode()):08x}"
