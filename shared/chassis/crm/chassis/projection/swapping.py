"""Switching to a rebuilt view: its tables take the names of the live ones, in one short transaction."""

from typing import Any

from psycopg import Connection, sql
from psycopg.types.json import Jsonb

from crm.chassis.projection import places
from crm.chassis.projection.rows import Table
from crm.chassis.projection.standing import BUILDING, RUNNING, STOPPED
from crm.chassis.projection.view import View

OLD = "_old"
LOCK_TIMEOUT = "500ms"
"""How long queries are made to wait for the switch at most; after that it is tried again later."""
_DELETED_AT_ONCE = 20_000


class NotReached(Exception):  # noqa: N818
    """The rebuilt view is not where the live one is."""


def switch(connection: Connection[Any], live: View[Any], built: View[Any], rebuild: int) -> None:
    """Puts a rebuilt view in the place of the live one. The caller holds the lock of the live view.

    Raises `NotReached` unless both stand at the same checkpoints, and `LockNotAvailable` if queries keep tables busy.
    """
    with connection.transaction():
        connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'".encode())
        _compare(connection, live.name, built.name)
        for old, new in zip(tables(live), tables(built), strict=True):
            _rename(connection, old, old + OLD)
            _rename(connection, new, old)
        reached = _marks_by_source(connection, built.name)
        connection.execute("DELETE FROM view_state WHERE name = %s", (live.name,))
        connection.execute(
            "UPDATE view_state SET name = %s, tables = %s, state = %s, lenient = false, since = now() WHERE name = %s",
            (live.name, tables(live), RUNNING, built.name),
        )
        connection.execute(
            "UPDATE rebuilds SET finished_at = now(), checkpoints = %s WHERE rebuild = %s", (Jsonb(reached), rebuild)
        )


def tidy(connection: Connection[Any], view: View[Any]) -> None:
    """Removes what a switch left behind: the old tables, and the versions that were applied to them, bit by bit."""
    for table in tables(view):
        connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table + OLD)))
    orphans = connection.execute(
        "SELECT feed FROM (SELECT DISTINCT feed FROM applied) AS known WHERE feed NOT IN (SELECT feed FROM feeds)"
    ).fetchall()
    delete = (
        "DELETE FROM applied WHERE ctid = ANY(ARRAY(SELECT ctid FROM applied WHERE feed = %s"
        f" LIMIT {_DELETED_AT_ONCE}))"
    )
    for (feed,) in orphans:
        while connection.execute(delete.encode(), (feed,)).rowcount:
            pass


def drop(connection: Connection[Any], view: View[Any]) -> None:
    """Removes a view's tables and its place, for instance of a rebuild that is given up. Not for a live one."""
    with connection.transaction():
        for table in tables(view):
            connection.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(sql.Identifier(table)))
        connection.execute("DELETE FROM view_state WHERE name = %s", (view.name,))


def tables(view: View[Any]) -> list[str]:
    """The tables of a view."""
    return [view.table.name, *([view.history.table.name] if view.history else [])]


def checksum(connection: Connection[Any], table: Table[Any]) -> str:
    """The number of rows of a table and a hash over all of them in the order of their key (invariant I6)."""
    columns, key = (sql.SQL(", ").join(map(sql.Identifier, each)) for each in (table.rows.names, table.rows.key))
    row = connection.execute(
        sql.SQL(
            "SELECT count(*) || ':' || md5(coalesce(string_agg(md5(ROW({})::text), '' ORDER BY {}), '')) FROM {}"
        ).format(columns, key, sql.Identifier(table.name))
    ).fetchone()
    assert row
    return str(row[0])


def checksums(connection: Connection[Any], view: View[Any]) -> list[str]:
    """The checksums of a view's tables."""
    return [checksum(connection, each) for each in (view.table, *([view.history.table] if view.history else []))]


def _compare(connection: Connection[Any], live: str, built: str) -> None:
    row = connection.execute("SELECT state FROM view_state WHERE name = %s", (live,)).fetchone()
    is_live = bool(row and row[0] in (RUNNING, STOPPED))
    if is_live and _marks_by_source(connection, live) != _marks_by_source(connection, built):
        raise NotReached
    if row is None or (not is_live and row[0] != BUILDING):
        raise NotReached


def _marks_by_source(connection: Connection[Any], name: str) -> dict[str, dict[str, list[int]]]:
    rows = connection.execute(
        "SELECT feed, source FROM feeds JOIN view_state USING (view) WHERE name = %s ORDER BY source", (name,)
    ).fetchall()
    found = {source: places.marks(connection, feed) for feed, source in rows}
    return {source: {str(s): list(mark) for s, mark in marks.items()} for source, marks in found.items() if marks}


def _rename(connection: Connection[Any], table: str, new: str) -> None:
    """A table with its indexes, whose names begin with its own."""
    indexes = connection.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s", (table,)
    ).fetchall()
    connection.execute(sql.SQL("ALTER TABLE {} RENAME TO {}").format(sql.Identifier(table), sql.Identifier(new)))
    for (index,) in indexes:
        if index.startswith(table):
            renamed = new + index.removeprefix(table)
            connection.execute(
                sql.SQL("ALTER INDEX {} RENAME TO {}").format(sql.Identifier(index), sql.Identifier(renamed))
            )
