"""Views for the tests of projections: a shelf of books with readers, and what can go wrong with them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from psycopg import Connection

from crm.chassis.database import Database
from crm.chassis.projection import Feed, Subject, View, health, prepare
from crm.chassis.testing.views import Records
from crm.events import Fact, Personal, Recorded, catalogue, type_of


class BookAdded(Fact, frozen=True, tag="crm.shelf.book-added.v1"):
    summary = "{title} added"
    title: str
    owner: Personal[str | None] = None


class BookLent(Fact, frozen=True, tag="crm.shelf.book-lent.v1"):
    summary = "Lent to {reader}"
    reader: UUID
    note: Personal[str] = ""


class BookLost(Fact, frozen=True, tag="crm.shelf.book-lost.v1"):
    summary = "Lost"


class BookBurnt(Fact, frozen=True, tag="crm.shelf.book-burnt.v1"):
    summary = "Nobody handles this"


for _each in (BookAdded, BookLent, BookLost, BookBurnt):
    catalogue.BY_TYPE[type_of(_each)] = _each


@dataclass(frozen=True)
class Book:
    book_id: UUID
    title: str
    owner_id: Subject
    owner: Personal[str | None]
    lent: int = 0
    notes: Personal[list[str]] = ()  # type: ignore[assignment]


def a_shelf(name: str = "shelf", **options: Any) -> View[Book]:
    """One row per book."""
    shelf = View(name, Book, key="book_id", **options)

    @shelf.on(BookAdded)
    def add(_: Book | None, e: Recorded[BookAdded]) -> Book:
        return Book(e.stream, e.fact.title, e.contact_ids[0] if e.contact_ids else e.stream, e.fact.owner, 0, [])

    @shelf.on(BookLent)
    def lend(book: Book, e: Recorded[BookLent]) -> Book:
        if e.fact.note == "poison":
            raise ValueError(f"the secret is {e.fact.note}")
        return replace(book, lent=book.lent + 1, notes=[*book.notes, e.fact.note])

    @shelf.on(BookLost)
    def lose(_: Book, e: Recorded[BookLost]) -> None:
        return None

    return shelf


class Impatient:
    """Handles `BookBurnt` as a server does that cuts whoever brings it more than so many in one transaction."""

    def __init__(self, most: int, cut: Callable[[Connection[Any]], None]) -> None:
        self.most, self._cut = most, cut
        self._seen: Counter[Any] = Counter()

    def __call__(self, connection: Connection[Any], e: Recorded[BookBurnt], table: str) -> None:
        transaction = connection.execute("SELECT now()").fetchone()
        self._seen[transaction] += 1
        if self._seen[transaction] > self.most:
            self._cut(connection)
            connection.execute("SELECT pg_sleep(60)")


def time_out(connection: Connection[Any]) -> None:
    """The next statement comes to its limit of time at once."""
    connection.execute("SET LOCAL statement_timeout = 1")


def hang_up(connection: Connection[Any]) -> None:
    """The connection is lost without a word."""
    connection.pgconn.finish()


def feed_of(db: Database, records: Records, view: View[Any], source: str = "shelf", **options: Any) -> Feed:
    """A prepared and opened feed."""
    with db.connection() as connection:
        prepare(connection, [view])
    feed = Feed(db, view, source, records.keys, **options)
    feed.open()
    return feed


def rows_of(db: Database, view: View[Any]) -> dict[Any, Any]:
    """All rows of a view."""
    return {view.table.rows.key_of(row): row for row in view.select(db)}


def one(db: Database, statement: str, *params: Any) -> Any:
    """One value from the database."""
    with db.connection() as connection:
        row = connection.execute(statement.encode(), params).fetchone()
        return row[0] if row else None


def adds_up(db: Database) -> bool:
    """Invariant I7, for every feed."""
    with db.connection() as connection:
        return all(each.adds_up for each in health.feeds(connection, "shelf"))
