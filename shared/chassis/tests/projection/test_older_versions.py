"""Facts that were written in an older version of their type reach whoever handles the newest (architecture, facts)."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.projection import Follower
from crm.chassis.testing.shelf import BookAdded, BookLent, a_shelf, feed_of, rows_of
from crm.chassis.testing.views import Records, from_log
from crm.events import Fact, Recorded, type_of, upcasts

OLD = "crm.shelf.book-put-up.v1"


@pytest.fixture(autouse=True)
def older(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(upcasts.UPCASTS, OLD, (type_of(BookAdded), lambda members: members))
    yield


@pytest.fixture
def records() -> Records:
    """A book that was put up long ago, and lent since."""
    records, book = Records(), uuid4()
    records.record(book, BookAdded("Dune", "Ada"), BookLent(uuid4(), "soon"))
    records.log[0] = replace(
        records.log[0], type=OLD, value=records.log[0].value.replace(b"book-added", b"book-put-up")
    )
    return records


def test_a_view_of_the_newest_version_folds_the_older_ones(db: Database, records: Records) -> None:
    shelf = a_shelf()
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert (outcome.applied, outcome.unknown, outcome.parked) == (2, 0, 0)
    assert [(book.title, book.lent) for book in rows_of(db, shelf).values()] == [("Dune", 1)]


def test_a_policy_answers_older_versions_too(db: Database, records: Records) -> None:
    seen: list[Recorded[Fact]] = []
    follower = Follower("welcoming", frozenset({type_of(BookAdded)}), seen.append)
    assert (follower.wants(OLD), follower.wants("crm.shelf.book-lent.v1")) == (True, False)
    feed_of(db, records, follower).take(from_log(records.log))  # type: ignore[arg-type]
    assert [each.fact for each in seen] == [BookAdded("Dune", "Ada")]
