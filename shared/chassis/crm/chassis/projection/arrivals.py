"""New rows of a view, in the order of the transactions that added them, so that who reads on misses none.

As in the log: a row is passed on only once no transaction that began earlier is still open (the horizon). A place is
good for one table; a rebuild makes another, whose rows all arrived anew.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from crm.chassis.paging import from_cursor, to_cursor
from crm.chassis.projection.query import Db, connected
from crm.chassis.projection.rows import Table

R = TypeVar("R")

_MARK = "arrivals"


@dataclass(frozen=True)
class Place:
    """Where somebody is who reads arrivals: in which table, and behind which row."""

    table: int
    arrived: int
    row: str = ""

    @property
    def cursor(self) -> str:
        """As text, to be sent away and back."""
        return to_cursor(_MARK, [self.table, self.arrived, self.row])

    @classmethod
    def read(cls, cursor: str) -> "Place":
        """Raises `MalformedCursor`."""
        return cls(*from_cursor(cursor, _MARK, (int, int, str)))


@dataclass(frozen=True)
class Arrival(Generic[R]):
    """A row and the place behind it."""

    row: R
    place: Place


class Arrivals(Generic[R]):
    """What arrives in a table. `tie` orders the rows of one transaction: SQL of type text, the same for a repeat."""

    def __init__(self, table: Table[R], tie: str) -> None:
        if not table.arrivals:
            raise TypeError(f"{table.name} does not keep when its rows arrived")
        self._key = table.rows.key[0]
        self._table = table
        self._horizon = (
            f"SELECT '{table.name}'::regclass::oid::bigint, pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
        ).encode()
        settled = "arrived < pg_snapshot_xmin(pg_current_snapshot())"
        self._after = (
            f"SELECT DISTINCT ON (arrived, tie) {table.rows.selected}, arrived::text::bigint, tie"
            f' FROM (SELECT *, {tie} AS tie FROM {table.name} WHERE "{self._key}" = ANY(%s)'
            f" AND arrived >= %s::text::xid8 AND {settled}) AS new"
            f" WHERE (arrived, tie) > (%s::text::xid8, %s) ORDER BY arrived, tie LIMIT %s"
        ).encode()
        self._touched = (
            f'SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint, ARRAY(SELECT DISTINCT "{self._key}"'
            f' FROM {table.name} WHERE "{self._key}" = ANY(%s) AND arrived >= %s::text::xid8 AND {settled})'
        ).encode()

    def now(self, db: Db) -> Place:
        """The place behind everything that is settled now."""
        with connected(db) as connection:
            table, horizon = _one(connection.execute(self._horizon).fetchone())
        return Place(table, horizon)

    def after(self, db: Db, keys: Collection[Any], place: Place, limit: int) -> list[Arrival[R]]:
        """The rows of some keys behind a place, the first ones; what is alike in transaction and `tie` counts once."""
        rows, params = self._table.rows, (list(keys), str(place.arrived), str(place.arrived), place.row, limit)
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            records: list[Any] = cursor.execute(self._after, params).fetchall()
        return [Arrival(rows.make(each[:-2]), Place(place.table, each[-2], each[-1])) for each in records]

    def touched(self, db: Db, keys: Collection[Any], since: int) -> tuple[int, set[Any]]:
        """Which keys got rows in transactions from `since` on that are settled, and where the next look begins."""
        with connected(db) as connection:
            horizon, found = _one(connection.execute(self._touched, (list(keys), str(since))).fetchone())
        return horizon, set(found)


def _one(row: Sequence[Any] | None) -> Any:
    assert row
    return row
