"""Queries of a view: one row, some rows, or a page of a list with a cursor that stays right while rows come and go."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Generic, TypeAlias, TypeVar

from psycopg import Connection

from crm.chassis.database import Database
from crm.chassis.paging import Page, PageRequest, from_cursor, to_cursor
from crm.chassis.projection.columns import Column
from crm.chassis.projection.history import VALID_AT, History
from crm.chassis.projection.rows import Key, RowType, Table

R = TypeVar("R")
Db: TypeAlias = Database | Connection[Any]
"""Where to ask: a process's database, or a connection one has already."""
OrderBy: TypeAlias = str | Sequence[str]
"""Column names, each with `DESC` behind it where wanted: `"name"` or `("occurred_at DESC", "name")`."""


class NoHistory(TypeError):  # noqa: N818 (named as people speak)
    """A past moment was asked of a view that does not keep row history."""


class Queries(Generic[R]):
    """What a view can be asked. A moment `as_of` is UTC and needs `row_history`.

    `where` is SQL over the columns of the row with `%s` for each of `params`; the view goes by its name in it.
    """

    family: str
    table: Table[R]
    history: History[R] | None

    def get(self, db: Db, key: Key, *, as_of: datetime | None = None) -> R | None:
        """The row of a key, if there is one (at that moment)."""
        values = key if isinstance(key, tuple) and len(self.table.rows.key) > 1 else (key,)
        where = " AND ".join(f'"{each}" = %s' for each in self.table.rows.key)
        rows = self.select(db, where, values, as_of=as_of)
        return rows[0] if rows else None

    def select(
        self,
        db: Db,
        where: str = "true",
        params: Sequence[Any] = (),
        *,
        order_by: OrderBy = (),
        limit: int | None = None,
        as_of: datetime | None = None,
    ) -> list[R]:
        """The rows for which `where` holds. Without `order_by` in no particular order."""
        order = _Order(self.table.rows, order_by) if order_by else None
        return self._rows(db, where, list(params), order, limit, as_of)

    def page(
        self,
        db: Db,
        where: str = "true",
        params: Sequence[Any] = (),
        *,
        order_by: OrderBy,
        page: PageRequest,
        as_of: datetime | None = None,
    ) -> Page[R]:
        """A part of the list of rows for which `where` holds; equal rows are ordered by their key.

        Raises `MalformedCursor` for a cursor of another list.
        """
        order = _Order(self.table.rows, order_by)
        conditions, values = [f"({where})"], list(params)
        if page.cursor is not None:
            after, at = order.after(
                from_cursor(page.cursor, order.sql, [each.column.annotation for each in order.terms])
            )
            conditions.append(after)
            values += at
        rows = self._rows(db, " AND ".join(conditions), values, order, page.limit + 1, as_of)
        items = tuple(rows[: page.limit])
        return Page(items, order.cursor(items[-1]) if len(rows) > page.limit else None)

    def ranked(
        self,
        db: Db,
        rank: str,
        rank_params: Sequence[Any],
        where: str = "true",
        params: Sequence[Any] = (),
        *,
        order_by: OrderBy,
        page: PageRequest,
    ) -> Page[R]:
        """The same, but rows of a higher rank come first: `rank` is SQL for an integer, as `where` is for a truth."""
        order = _Order(self.table.rows, order_by)
        ordered = f"ranked DESC, {order.sql}"
        after, at = "true", list[Any]()
        if page.cursor is not None:
            types = [int, *(each.column.annotation for each in order.terms)]
            score, *values = from_cursor(page.cursor, ordered, types)
            after, at = order.after(values)
            after, at = f"(ranked < %s OR (ranked = %s AND {after}))", [score, score, *at]
        table, rows = self.table.name, self.table.rows
        inner = f'SELECT *, ({rank})::bigint AS ranked FROM {table} AS "{self.family}" WHERE {where}'
        statement = f'SELECT ranked, {rows.selected} FROM ({inner}) AS "{self.family}" WHERE {after} ORDER BY {ordered}'
        statement += f" LIMIT {page.limit + 1}"
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            records = cursor.execute(statement.encode(), [*rank_params, *params, *at]).fetchall()
        items = [(record[0], rows.make(record[1:])) for record in records[: page.limit]]
        more = to_cursor(ordered, [items[-1][0], *order.values(items[-1][1])]) if len(records) > page.limit else None
        return Page(tuple(row for _, row in items), more)

    def _rows(
        self,
        db: Db,
        where: str,
        params: list[Any],
        order: "_Order | None",
        limit: int | None,
        as_of: datetime | None,
    ) -> list[R]:
        table = self.table.name
        if as_of is not None:
            if self.history is None:
                raise NoHistory(f"The view {self.family} keeps no row history.")
            table, params = self.history.table.name, [as_of, as_of, *params]
            where = f"{VALID_AT} AND ({where})"
        ordered = f" ORDER BY {order.sql}" if order else ""
        limited = f" LIMIT {int(limit)}" if limit is not None else ""
        rows = self.table.rows
        statement = f'SELECT {rows.selected} FROM {table} AS "{self.family}" WHERE {where}{ordered}{limited}'
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            return [rows.make(record) for record in cursor.execute(statement.encode(), params).fetchall()]


@dataclass(frozen=True)
class _Term:
    column: Column
    descending: bool

    @property
    def sql(self) -> str:
        return f'"{self.column.name}"{" DESC" if self.descending else ""}'

    def beyond(self, value: Any) -> tuple[str, list[Any]]:
        """What is true of later values. PostgreSQL orders NULL as the largest: last, or first when descending."""
        name = f'"{self.column.name}"'
        if value is None:
            return (f"{name} IS NOT NULL" if self.descending else "false"), []
        if self.descending:
            return f"{name} < %s", [value]
        return (f"({name} > %s OR {name} IS NULL)" if self.column.optional else f"{name} > %s"), [value]


class _Order:
    """An order of rows that leaves no two equal: what was asked for, then the key."""

    def __init__(self, rows: RowType[Any], order_by: OrderBy) -> None:
        asked = [order_by] if isinstance(order_by, str) else list(order_by)
        self.terms = [_term(rows, each) for each in asked]
        named = {each.column.name for each in self.terms}
        descending = bool(self.terms) and self.terms[-1].descending
        self.terms += [_Term(rows.by_name[each], descending) for each in rows.key if each not in named]
        self.sql = ", ".join(each.sql for each in self.terms)

    def cursor(self, row: Any) -> str:
        """The cursor behind a row."""
        return to_cursor(self.sql, self.values(row))

    def values(self, row: Any) -> list[Any]:
        """Where a row stands in this order."""
        return [getattr(row, each.column.name) for each in self.terms]

    def after(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        """What is true of the rows behind the one with these values, and the parameters of it."""
        plain = [value.value if isinstance(value, Enum) else value for value in values]
        one_way = len({each.descending for each in self.terms}) == 1
        if one_way and not any(each.column.optional for each in self.terms):
            # A row comparison: an index on the same columns answers it directly.
            names = ", ".join(f'"{each.column.name}"' for each in self.terms)
            marks = ", ".join(["%s"] * len(plain))
            return f"({names}) {'<' if self.terms[0].descending else '>'} ({marks})", plain
        return self._step_by_step(plain)

    def _step_by_step(self, values: Sequence[Any]) -> tuple[str, list[Any]]:
        cases: list[str] = []
        params: list[Any] = []
        for at, term in enumerate(self.terms):
            same = [f'"{each.column.name}" IS NOT DISTINCT FROM %s' for each in self.terms[:at]]
            beyond, beyond_params = term.beyond(values[at])
            cases.append(" AND ".join([*same, beyond]))
            params += [*values[:at], *beyond_params]
        return "(" + " OR ".join(f"({each})" for each in cases) + ")", params


def _term(rows: RowType[Any], asked: str) -> _Term:
    name, _, direction = asked.partition(" ")
    if name not in rows.by_name or direction.upper() not in ("", "ASC", "DESC"):
        raise ValueError(f"Rows of {rows.row.__name__} cannot be ordered by {asked!r}.")
    return _Term(rows.by_name[name], direction.upper() == "DESC")


@contextmanager
def connected(db: Db) -> Iterator[Connection[Any]]:
    """A connection to ask on: one of the database's, or the one that was given."""
    if isinstance(db, Connection):
        yield db
    else:
        with db.connection() as connection:
            yield connection
