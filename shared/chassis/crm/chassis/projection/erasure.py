"""Erasure of a person from views: not a fold but a blanking, in every table of every version of every view.

The facts need nothing: their key is destroyed, so they open as erased, here and in every rebuild.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection, sql

from crm.chassis.database import Database
from crm.chassis.projection.circuit import CannotGoOn
from crm.chassis.projection.failures import is_transient
from crm.chassis.projection.subscriber import Fold

_TURNS = 0x6572_6173


def take_turns(connection: Connection[Any]) -> None:
    """Waits until no other view of this database is erasing: each blanks the rows of all, and so they would deadlock.

    To be called before anything is written, so that whoever waits holds nobody up.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TURNS,))


def write(connection: Connection[Any], view: int, fold: Fold, erased: Collection[UUID], *, bulk: bool = False) -> None:
    """Writes what a view has folded, and blanks the rows of the contacts whose erasure was among it."""
    if erased:
        take_turns(connection)
    fold.write(connection, bulk=bulk)
    if erased:
        apply(connection, view, erased)


def apply(connection: Connection[Any], view: int, contacts: Collection[UUID]) -> None:
    """Blanks the rows of erased contacts, and keeps that this view has seen their erasure."""
    erased = sorted(contacts)
    connection.execute(
        "INSERT INTO erasures (contact_id) SELECT * FROM unnest(%s::uuid[]) ON CONFLICT DO NOTHING", (erased,)
    )
    blank(connection, erased)
    connection.execute(
        "INSERT INTO erasures_applied (contact_id, view) SELECT contact, %s FROM unnest(%s::uuid[]) AS contact"
        " ON CONFLICT DO NOTHING",
        (view, erased),
    )


def blank(connection: Connection[Any], contacts: list[UUID]) -> None:
    """Blanks rows in all tables made known here, also those of other versions of the code and those being built.

    Raises `CannotGoOn` naming the table that does not take it: nothing delays an erasure, so it cannot be parked.
    """
    for tables, subjects, blanks in connection.execute(
        "SELECT tables, subjects, blanks FROM view_state WHERE blanks <> '{}' AND subjects <> '{}' ORDER BY view"
    ).fetchall():
        for table in tables:
            try:
                connection.execute(_blanking(table, subjects, blanks), {"contacts": contacts})
            except psycopg.Error as error:
                if is_transient(error):
                    raise
                raise CannotGoOn(f"an erasure cannot be written into {table}") from error


def complete(connection: Connection[Any], contact: UUID) -> bool:
    """Whether every view with personal columns has seen the erasure of a contact."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM erasures WHERE contact_id = %(contact)s) AND NOT EXISTS ("
        " SELECT FROM view_state WHERE blanks <> '{}' AND state <> 'building' AND NOT EXISTS ("
        "  SELECT FROM erasures_applied AS seen WHERE seen.view = view_state.view AND contact_id = %(contact)s))",
        {"contact": contact},
    ).fetchone()
    return bool(row and row[0])


def report(database: Database, on_erased: Callable[[UUID], None], *, older_than_s: float = 0.0) -> None:
    """Tells of every contact whose erasure is complete and was not told of; again, if this process dies meanwhile.

    `older_than_s`: only those that arrived so long ago that no process has a key of theirs in its cache.
    """
    statement = "SELECT contact_id FROM erasures WHERE acknowledged_at IS NULL AND arrived_at < now() - %s"
    with database.connection() as connection:
        open_ = connection.execute(statement, (timedelta(seconds=older_than_s),)).fetchall()
        contacts = [contact for (contact,) in open_ if complete(connection, contact)]
    for contact in contacts:
        on_erased(contact)
        with database.connection() as connection:
            connection.execute("UPDATE erasures SET acknowledged_at = now() WHERE contact_id = %s", (contact,))


def _blanking(table: str, subjects: dict[str, bool], blanks: dict[str, str | None]) -> sql.Composed:
    """Set-based, and leaves rows alone that are blank already."""
    mine = [
        sql.SQL("{} && %(contacts)s::uuid[]" if several else "{} = ANY(%(contacts)s::uuid[])").format(
            sql.Identifier(column)
        )
        for column, several in subjects.items()
    ]
    new = [sql.SQL("{} = {}").format(sql.Identifier(c), sql.Literal(value)) for c, value in blanks.items()]
    differs = [
        sql.SQL("{}::text IS DISTINCT FROM {}").format(sql.Identifier(column), sql.Literal(value))
        for column, value in blanks.items()
    ]
    return sql.SQL("UPDATE {} SET {} WHERE ({}) AND ({})").format(
        sql.Identifier(table), sql.SQL(", ").join(new), sql.SQL(" OR ").join(mine), sql.SQL(" OR ").join(differs)
    )
