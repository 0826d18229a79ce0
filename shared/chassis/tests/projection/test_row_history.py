"""Row history: lists as of any past moment equal the fold of what had occurred by then, late facts too (C11, P4)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.chassis.database import Database
from crm.chassis.paging import PageRequest
from crm.chassis.projection import View
from crm.chassis.testing.shelf import BookAdded, BookLent, BookLost, feed_of
from crm.chassis.testing.views import DAY_ONE, Records, from_log
from crm.events import Recorded, wire


@dataclass(frozen=True)
class Lent:
    book: UUID
    title: str
    readers: int
    tags: tuple[str, ...] = ()


def a_ledger() -> View[Lent]:
    ledger = View("ledger", Lent, key="book", row_history=True, indexes=("title",))

    @ledger.on(BookAdded)
    def add(_: Lent | None, e: Recorded[BookAdded]) -> Lent:
        return Lent(e.stream, e.fact.title, 0)

    @ledger.on(BookLent)
    def lend(row: Lent | None, e: Recorded[BookLent]) -> Lent | None:
        return row and replace(row, readers=row.readers + 1, tags=(*row.tags, e.fact.note))

    @ledger.on(BookLost)
    def lose(_: Lent | None, e: Recorded[BookLost]) -> None:
        return None

    return ledger


def day(number: int) -> datetime:
    return DAY_ONE + timedelta(days=number)


def as_it_was(ledger: View[Lent], records: Records, moment: datetime) -> dict[UUID, Lent]:
    """The definition: a fold in version order of the facts that had occurred."""
    facts = [wire.open_fact(each, records.keys.unseal) for each in records.log if each.occurred_at <= moment]
    return ledger.fold(facts)


def test_a_list_answers_as_of_any_day(db: Database) -> None:
    records, ledger, book = Records(), a_ledger(), uuid4()
    records.record(book, BookAdded("Dune"), occurred_at=day(1))
    records.record(book, BookLent(uuid4(), "a"), occurred_at=day(3))
    records.record(book, BookLost(), occurred_at=day(5))
    feed = feed_of(db, records, ledger)
    for each in from_log(records.log):
        feed.take([each])
    assert ledger.get(db, book) is None
    answers = [ledger.get(db, book, as_of=day(at)) for at in range(7)]
    assert [each and each.readers for each in answers] == [None, 0, 0, 1, 1, None, None]
    assert ledger.page(db, order_by="title", page=PageRequest(), as_of=day(4)).items[0].tags == ("a",)


def test_a_late_fact_changes_the_past_from_its_moment_on(db: Database) -> None:
    records, ledger, book = Records(), a_ledger(), uuid4()
    records.record(book, BookAdded("Dune"), occurred_at=day(1))
    records.record(book, BookLent(uuid4(), "on time"), occurred_at=day(6))
    feed = feed_of(db, records, ledger)
    feed.take(from_log(records.log))
    records.record(book, BookLent(uuid4(), "late"), occurred_at=day(3))
    feed.take(from_log(records.log[2:]))
    tags = [row.tags if (row := ledger.get(db, book, as_of=day(at))) else None for at in (2, 3, 5, 6)]
    assert tags == [(), ("late",), ("late",), ("on time", "late")]


HISTORY = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["add", "lend", "lend", "lose"]), st.integers(0, 6)), max_size=14
)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_every_past_moment_equals_the_fold_of_what_had_occurred(db: Database, size: int) -> None:
    ledger = a_ledger()

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=HISTORY)
    def holds(history: list[tuple[int, str, int]]) -> None:
        records, books = Records(), [uuid4() for _ in range(3)]
        feed = feed_of(db, records, ledger)
        _forget(db)
        feed.open()
        for book, what, at in history:
            fact = {"add": BookAdded("Dune"), "lend": BookLent(uuid4(), f"{at}"), "lose": BookLost()}[what]
            records.record(books[book], fact, occurred_at=day(at))
        facts = from_log(records.log)
        for start in range(0, len(facts), size):
            feed.take(facts[start : start + size])
        for at in range(8):
            rows = {row.book: row for row in ledger.select(db, as_of=day(at))}
            assert rows == as_it_was(ledger, records, day(at))
        assert {row.book: row for row in ledger.select(db)} == as_it_was(ledger, records, day(99))

    holds()


def _forget(db: Database) -> None:
    with db.connection() as connection:
        connection.execute("TRUNCATE ledger_v1, ledger_v1_history, applied, checkpoints")
