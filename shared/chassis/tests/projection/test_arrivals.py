"""Arrivals: whoever waits for new rows gets each once, also those whose transaction began early and ended late."""

from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database, connect
from crm.chassis.paging import MalformedCursor
from crm.chassis.projection import prepare
from crm.chassis.projection.arrivals import Arrivals, Place
from crm.chassis.testing.shelf import Book, a_shelf

shelf = a_shelf("arriving", arrivals=True)
arrivals = Arrivals(shelf.table, "title")


@pytest.fixture
def table(db: Database) -> Database:
    with db.connection() as connection:
        prepare(connection, [shelf])
    return db


def put(db: Database, *titles: str) -> list[UUID]:
    rows = {(key := uuid4()): Book(key, title, key, None, notes=[]) for title in titles}
    with db.connection() as connection:
        shelf.table.upsert(connection, rows)
    return list(rows)


def test_rows_arrive_in_the_order_of_their_transactions_and_each_once(table: Database) -> None:
    start = arrivals.now(table)
    ids = [*put(table, "b", "a"), *put(table, "c"), *put(table, "other")]
    found = arrivals.after(table, ids[:3], start, 10)
    assert [each.row.title for each in found] == ["a", "b", "c"]
    for at, each in enumerate(found):
        rest = arrivals.after(table, ids[:3], Place.read(each.place.cursor), 10)
        assert [late.row.title for late in rest] == ["a", "b", "c"][at + 1 :]
    assert [each.row.title for each in arrivals.after(table, ids, start, 2)] == ["a", "b"]


def test_a_row_that_is_changed_does_not_arrive_again(table: Database) -> None:
    start = arrivals.now(table)
    (key,) = put(table, "a")
    place = arrivals.after(table, [key], start, 10)[0].place
    with table.connection() as connection:
        shelf.table.upsert(connection, {key: Book(key, "a", key, None, lent=1, notes=[])})
    assert arrivals.after(table, [key], place, 10) == []


def test_a_transaction_that_is_open_holds_back_what_came_after_it_so_nothing_is_passed_over(table: Database) -> None:
    start, early, late = arrivals.now(table), uuid4(), uuid4()
    with connect(table.dsn) as slow, slow.transaction():
        shelf.table.upsert(slow, {early: Book(early, "early", early, None, notes=[])})
        with table.connection() as quick:
            shelf.table.upsert(quick, {late: Book(late, "late", late, None, notes=[])})
        assert arrivals.after(table, [early, late], start, 10) == []
        since, touched = arrivals.touched(table, [early, late], start.arrived)
        assert touched == set()
    found = arrivals.after(table, [early, late], start, 10)
    assert [each.row.title for each in found] == ["early", "late"]
    assert arrivals.touched(table, [early, late, uuid4()], since)[1] == {early, late}


def test_rows_alike_in_transaction_and_tie_count_once(table: Database) -> None:
    start = arrivals.now(table)
    ids = put(table, "same", "same")
    assert len(arrivals.after(table, ids, start, 10)) == 1


def test_a_place_is_good_for_one_table_and_only_a_place_is_one(table: Database) -> None:
    place = arrivals.now(table)
    assert Place.read(place.cursor) == place
    with pytest.raises(MalformedCursor):
        Place.read("bm9uc2Vuc2U")
    with pytest.raises(TypeError, match="does not keep"):
        Arrivals(a_shelf("plain").table, "title")
