"""Two at work on one view: exactly one result is kept, whatever moment the other chooses (I2, I5, P5)."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.projection import Delivery, View, places, retry
from crm.chassis.projection.delivery import START
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.places import Overtaken
from crm.chassis.projection.rebuild import NEW
from crm.chassis.projection.standing import BUILDING
from crm.chassis.projection.swapping import NotReached, checksums, switch
from crm.chassis.testing.shelf import BookAdded, BookLent, a_shelf, feed_of, one, rows_of
from crm.chassis.testing.views import Records, from_log
from crm.events import Recorded


@dataclass(frozen=True)
class Tally:
    book: UUID
    lent: int


def a_tally() -> View[Tally]:
    """Rows are one with streams, so workers do not wait for each other."""
    tally = View("tally", Tally, key="book")

    @tally.on(BookAdded)
    def add(_: Tally | None, e: Recorded[BookAdded]) -> Tally:
        return Tally(e.stream, 0)

    @tally.on(BookLent)
    def lend(row: Tally, e: Recorded[BookLent]) -> Tally:
        return replace(row, lent=row.lent + 1)

    return tally


def test_i2_a_worker_overtaken_between_compare_and_commit_keeps_nothing(db: Database) -> None:
    records, book = Records(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    quick, slow = a_tally(), a_tally()
    winner, loser = feed_of(db, records, quick), feed_of(db, records, slow)
    assert not slow.crossing

    @slow.on(BookLent)
    def be_overtaken(row: Tally, e: Recorded[BookLent]) -> Tally:
        winner.take(from_log(records.log))  # commits while the other has compared, and has not written
        return row

    with pytest.raises(Overtaken):
        loser.take(from_log(records.log))
    assert rows_of(db, quick) == {book: Tally(book, 1)}
    assert one(db, "SELECT consumed FROM checkpoints") == 2


def test_i5_a_worker_whose_checkpoint_was_moved_hands_nothing_to_handlers(db: Database) -> None:
    records, book, handled = Records(), uuid4(), list[UUID]()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    view = a_tally()

    @view.on(BookLent)
    def note(row: Tally, e: Recorded[BookLent]) -> Tally:
        handled.append(e.stream)
        return row

    feed = feed_of(db, records, view)
    first, second = from_log(records.log)
    feed.take([first])
    with db.connection() as connection:
        connection.execute("UPDATE checkpoints SET era = 0, tx = 0, number = 0")  # to begin anew, as operators do
    with pytest.raises(Overtaken):
        feed.take([second])
    assert not handled


def test_i5_a_checkpoint_moves_only_from_where_it_was(db: Database) -> None:
    records = Records()
    records.record(uuid4(), *[BookAdded("Dune")] * 3)
    feed = feed_of(db, records, a_tally())
    first, second, third = [each.mark for each in from_log(records.log)]
    with db.connection() as connection:
        places.move(connection, feed.place.feed, 0, START, second, places.Counts(2, 2), None)
        with pytest.raises(Overtaken):
            places.move(connection, feed.place.feed, 0, first, third, places.Counts(1, 1), None)
        assert places.marks(connection, feed.place.feed) == {0: second}


def test_a_feed_stands_in_one_topic_and_refuses_another_of_its_name(db: Database) -> None:
    """Its offsets would mean other records there, and facts would be passed over."""
    feed = feed_of(db, Records(), a_tally())
    for _ in range(2):
        assert feed.open_in("first") == {}
    with pytest.raises(SourceAway, match="made anew"):
        feed.open_in("second")


@pytest.mark.parametrize("crossing", [True, False])
def test_batches_of_a_view_whose_rows_cross_streams_exclude_each_other(db: Database, crossing: bool) -> None:
    records, view = Records(), a_shelf() if crossing else a_tally()
    records.record(uuid4(), BookAdded("Dune"))
    feed, free = feed_of(db, records, view), list[bool]()
    assert view.crossing is crossing

    def look(row: object, e: Recorded[BookAdded]) -> object:
        statement = "SELECT pg_try_advisory_xact_lock_shared(%s, %s)"
        free.append(one(db, statement, places.LOCKS, feed.place.view))
        return row

    view.on(BookAdded)(look)  # type: ignore[arg-type]
    feed.take(from_log(records.log))
    assert free == [not crossing]


def test_p5_a_rebuilt_view_that_is_behind_the_live_one_is_not_switched_to(db: Database) -> None:
    records, view = Records(), a_shelf()
    for _ in range(6):
        records.record(uuid4(), BookAdded("Dune"))
    feed_of(db, records, view).take(from_log(records.log))
    built = view.beside(NEW)
    feed_of(db, records, built, state=BUILDING).take(from_log(records.log[:4]))
    with db.connection() as connection:
        before = checksums(connection, view)
        with pytest.raises(NotReached):
            switch(connection, view, built, 0)
        assert checksums(connection, view) == before
    feed_of(db, records, built, state=BUILDING).take(from_log(records.log[4:]))
    with db.connection() as connection:
        switch(connection, view, built, 0)
        assert checksums(connection, view) == before


def test_a_view_goes_on_while_a_retry_reads_its_source_again(db: Database) -> None:
    records, shelf, torn = Records(), a_shelf(), uuid4()
    records.record(torn, BookAdded("Torn"), BookLent(uuid4(), "a"), BookLent(uuid4(), "b"))
    whole = from_log(records.log)
    feed = feed_of(db, records, shelf)
    feed.take([whole[0], whole[2]])

    def slowly(stream: UUID, version: int) -> list[Delivery]:
        statement = "SELECT pg_try_advisory_xact_lock(%s, %s)"
        assert one(db, statement, places.LOCKS, feed.place.view), "the view is locked"
        return whole[version:]

    assert retry(feed, reread=slowly).applied == 2
    assert rows_of(db, shelf)[torn].notes == ["a", "b"]
