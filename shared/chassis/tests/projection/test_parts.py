"""A batch is taken in parts where the whole cannot be written, or takes longer than a transaction may."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from crm.chassis.database import Database
from crm.chassis.testing.shelf import (
    BookAdded,
    BookBurnt,
    BookLent,
    Impatient,
    a_shelf,
    adds_up,
    feed_of,
    hang_up,
    one,
    rows_of,
    time_out,
)
from crm.chassis.testing.views import Records, from_log


def test_a_value_that_cannot_be_written_parks_its_fact_alone(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    good = [uuid4() for _ in range(9)]
    for book in good[:5]:
        records.record(book, BookAdded("Dune"))
    bad = uuid4()
    records.record(bad, BookAdded("a NUL \0 in a title"), BookLent(uuid4()))
    for book in good[5:]:
        records.record(book, BookAdded("Dune"))
    feed_of(db, records, shelf).take(from_log(records.log))
    assert set(rows_of(db, shelf)) == set(good)
    assert one(db, "SELECT error FROM parked WHERE state = 'parked'") == "CharacterNotInRepertoire"
    assert one(db, "SELECT count(*) FROM parked WHERE state = 'queued'") == 1
    assert adds_up(db)


@pytest.mark.parametrize("cut", [time_out, hang_up])
def test_what_is_too_much_for_one_transaction_is_taken_in_parts(
    db: Database, cut: Callable[[psycopg.Connection[Any]], None]
) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    shelf.on_connection(BookBurnt)(Impatient(3, cut))
    records.record(book, BookAdded("Dune"), *(BookBurnt() for _ in range(10)), BookLent(uuid4()))
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert [each.sealed for each in outcome.facts] == records.log
    assert (outcome.applied, outcome.parked) == (12, 0)
    assert rows_of(db, shelf)[book].lent == 1
    assert adds_up(db)


def test_a_fact_that_alone_takes_too_long_is_waited_for_with_all_before_it_kept(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    server = Impatient(0, time_out)
    shelf.on_connection(BookBurnt)(server)
    records.record(book, BookAdded("Dune"), BookLent(uuid4()), BookBurnt(), BookLent(uuid4()))
    feed = feed_of(db, records, shelf)
    with pytest.raises(psycopg.errors.QueryCanceled):
        feed.take(from_log(records.log))
    assert rows_of(db, shelf)[book].lent == 1
    server.most = 1
    feed.take(from_log(records.log[2:]))
    assert rows_of(db, shelf)[book].lent == 2
    assert one(db, "SELECT count(*) FROM parked") == 0
    assert adds_up(db)
