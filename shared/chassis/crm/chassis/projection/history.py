"""Row history: how each row of a view stood at any past moment, for lists that answer `as_of`.

A row as of a moment is the fold, in version order, of the facts that occurred until then. Every row keeps ranges of
validity by `occurred_at`. A fact that is applied is the last of its stream in version order, so for every moment from
its `occurred_at` on it comes last too: it is applied to each range from there on, and the ranges before stay. That is
exact for late facts as well, and needs no second reading. (Facts of other streams that meet in a row must not depend on
how streams interleave; that is a rule for every view.)
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import make_dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeAlias, TypeVar

from psycopg import Connection

from crm.chassis.projection.rows import Key, RowType, Table

R = TypeVar("R")
Ranges: TypeAlias = tuple[tuple[datetime, R | None], ...]
"""From when on a row stood how, in the order of time, each until the next. None: there was no such row."""

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)
"""The end of a range that is still valid."""

VALID_AT = "valid_from <= %s AND valid_to > %s"
"""What is true of the one range of a row that a moment lies in."""


def advance(ranges: Ranges[R], at: datetime, step: Callable[[R | None], R | None]) -> Ranges[R]:
    """The ranges after a fact that occurred at a moment. Equal neighbours become one."""
    before = [each for each in ranges if each[0] < at]
    after = [each for each in ranges if each[0] >= at]
    if not after or after[0][0] > at:
        after.insert(0, (at, before[-1][1] if before else None))
    result = before
    for since, row in after:
        stepped = step(row)
        if (result[-1][1] if result else None) != stepped:
            result.append((since, stepped))
    return tuple(result)


def current(ranges: Ranges[R]) -> R | None:
    """The row after all facts."""
    return ranges[-1][1] if ranges else None


class History(Generic[R]):
    """The table `<view>_v<version>_history`: the ranges of every row that were not empty."""

    def __init__(self, table: Table[R]) -> None:
        rows = table.rows
        own = [("valid_from", datetime), ("valid_to", datetime)]
        kept = make_dataclass(
            f"{rows.row.__name__}History", own + [(each.name, each.annotation) for each in rows.columns], frozen=True
        )
        self._rows = rows
        self.table: Table[Any] = Table(f"{table.name}_history", RowType(kept, (*rows.key, "valid_from")), table.indexes)
        key = ", ".join(f'"{each}"' for each in rows.key)
        unnest = ", ".join(f"%b::{rows.by_name[each].kind.sql}[]" for each in rows.key)
        among = f"FROM {self.table.name} WHERE ({key}) IN (SELECT * FROM unnest({unnest})) AND valid_to > %b"
        self._load = f"SELECT {self.table.rows.selected} {among} ORDER BY valid_from".encode()
        self._delete = f"DELETE {among}".encode()

    def load(self, connection: Connection[Any], keys: Collection[Key], since: datetime) -> dict[Key, Ranges[R]]:
        """The ranges of some rows that reach beyond a moment."""
        if not keys:
            return {}
        found: dict[Key, list[tuple[datetime, R | None]]] = {}
        ends: dict[Key, datetime] = {}
        with connection.cursor(binary=True) as cursor:
            records = cursor.execute(self._load, (*self._rows.pack(keys), since)).fetchall()
        for valid_from, valid_to, *record in records:
            row = self._rows.make(record)
            key = self._rows.key_of(row)
            ranges = found.setdefault(key, [])
            if ranges and ends[key] < valid_from:
                ranges.append((ends[key], None))
            ranges.append((valid_from, row))
            ends[key] = valid_to
        for key, end in ends.items():
            if end < FOREVER:
                found[key].append((end, None))
        return {key: tuple(ranges) for key, ranges in found.items()}

    def write(self, connection: Connection[Any], changed: Mapping[Key, Ranges[R]], since: datetime) -> None:
        """Replaces what is stored of some rows beyond a moment."""
        if not changed:
            return
        connection.execute(self._delete, (*self._rows.pack(list(changed)), since))
        kept: dict[Key, Any] = {}
        for ranges in changed.values():
            for at, (valid_from, row) in enumerate(ranges):
                if row is not None:
                    valid_to = ranges[at + 1][0] if at + 1 < len(ranges) else FOREVER
                    entry = self.table.rows.row(valid_from, valid_to, *self._rows.values(row))
                    kept[self.table.rows.key_of(entry)] = entry
        self.table.upsert(connection, kept)
