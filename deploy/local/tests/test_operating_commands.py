"""Operators' commands on a real database: parked facts are listed, shown, retried, given up; stopped views go on."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from typer.testing import CliRunner, Result

from crm.chassis.database import Database
from crm.chassis.migrations import migrate
from crm.chassis.projection import NotRunning, View, standing
from crm.chassis.testing.shelf import Book, BookAdded, BookLent, a_shelf, feed_of, rows_of
from crm.chassis.testing.views import Records, from_log
from crm.events import Recorded
from crm.local import cli_operating
from crm.local.calling import NotNow
from crm.local.cli import app
from crm.local.tending import Tended

SICK, WELL = uuid4(), uuid4()


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    migrate(database)
    opened = Database(database)
    yield opened
    opened.close()


@pytest.fixture
def records(db: Database, monkeypatch: pytest.MonkeyPatch) -> Records:
    """A service `shelf` with one parked fact and one behind it."""
    monkeypatch.setenv("COLUMNS", "300")
    records = Records()
    records.record(SICK, BookAdded("Sick"), BookLent(uuid4(), "poison"), BookLent(uuid4(), "later"))
    records.record(WELL, BookAdded("Well"))
    feed_of(db, records, a_shelf()).take(from_log(records.log))
    deploy(monkeypatch, db, records, a_shelf())
    return records


def deploy(monkeypatch: pytest.MonkeyPatch, db: Database, records: Records, shelf: View[Book]) -> None:
    service: Any = SimpleNamespace(name="shelf", views=(shelf,), policies=(), acknowledgements=None)
    runtime: Any = SimpleNamespace(settings=None, database=db, keys=records.keys, log=None)

    @contextmanager
    def tended(name: str) -> Iterator[Tended]:
        try:
            yield Tended(service, runtime, topics=None)  # type: ignore[arg-type]  # nothing here is read again
        except NotRunning as error:
            raise NotNow(str(error)) from error

    monkeypatch.setattr(cli_operating, "_tended", tended)


def mended() -> View[Book]:
    shelf = a_shelf()

    def lend(book: Book, e: Recorded[BookLent]) -> Book:
        return Book(book.book_id, book.title, book.owner_id, book.owner, book.lent + 1, [*book.notes, e.fact.note])

    shelf.handlers.pop(BookLent)
    shelf.on(BookLent)(lend)
    return shelf


def rapport(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_parked_facts_are_listed_with_their_cause(records: Records) -> None:
    listed = rapport("parked", "list", "--service", "shelf").output
    for words in ("shelf/1", f"{SICK}:2", "crm.shelf.book-lent.v1", "ValueError", "in lend"):
        assert words in listed
    assert "poison" not in listed
    assert rapport("parked", "list", "--service", "shelf", "--view", "shelf").output == listed
    assert (
        "has no view or policy 'nix'; it has shelf"
        in rapport("parked", "list", "--service", "shelf", "--view", "nix").output
    )


def test_one_is_shown_with_its_envelope_but_sealed(records: Records) -> None:
    shown = json.loads(rapport("parked", "show", "shelf/1").output)
    assert shown["entry"]["version"] == 2
    assert shown["fact"]["stream"] == str(SICK)
    assert "poison" not in json.dumps(shown)
    assert "Nothing parked in shelf has the number 77" in rapport("parked", "show", "shelf/77").output


def test_a_retry_tells_what_it_did(records: Records, db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 facts were applied; 2 still wait" in rapport("parked", "retry", "--service", "shelf").output
    assert "0 facts were applied; 0 still" in rapport("parked", "retry", "--service", "shelf", "--error", "Jump").output
    deploy(monkeypatch, db, records, mended())
    assert "2 facts were applied; 0 still wait" in rapport("parked", "retry", "--service", "shelf").output
    assert rows_of(db, a_shelf())[SICK].notes == ["poison", "later"]
    assert "Nothing is parked" in rapport("parked", "list", "--service", "shelf").output


def test_a_retry_of_a_stopped_view_says_that_it_is_stopped(records: Records, db: Database) -> None:
    with db.connection() as connection:
        standing.stop(connection, a_shelf().name, "ValueError")
    refused = rapport("parked", "retry", "--service", "shelf")
    assert refused.exit_code == 1
    assert "shelf_v1 is stopped: ValueError" in refused.output
    assert "Traceback" not in refused.output


def test_one_is_given_up_with_a_reason(records: Records, db: Database) -> None:
    done = rapport("parked", "discard", "shelf/1", "--reason", "typed twice").output
    assert "Discarded; 1 facts behind it were applied, 0 still wait." in done
    assert rows_of(db, a_shelf())[SICK].notes == ["later"]
    again = rapport("parked", "discard", "shelf/1", "--reason", "again")
    assert again.exit_code == 1
    assert "Nothing parked here has the number 1" in again.output


def test_a_stopped_view_goes_on(records: Records, db: Database) -> None:
    assert "shelf/shelf had not stopped" in rapport("resume", "shelf/shelf").output
    with db.connection() as connection:
        standing.stop(connection, a_shelf().name, "ValueError")
    assert "shelf/shelf goes on" in rapport("resume", "shelf/shelf").output
    with db.connection() as connection:
        assert standing.states(connection)[a_shelf().name] == ("running", None)
