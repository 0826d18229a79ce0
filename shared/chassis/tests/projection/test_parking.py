"""A poison fact blocks its stream alone, waits encrypted, and is retried in order or given up by people (I7)."""

from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.projection import Delivery, NotRunning, View, discard, parking, resume, retry, states
from crm.chassis.projection.circuit import Circuit
from crm.chassis.projection.sources import reread_topic
from crm.chassis.testing.shelf import Book, BookAdded, BookLent, BookLost, a_shelf, adds_up, feed_of, one, rows_of
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Position, Recorded, Sealed


def parked_of(db: Database, **filters: object) -> list[parking.Parked]:
    with db.connection() as connection:
        return parking.entries(connection, **filters)  # type: ignore[arg-type]


def mended(name: str = "shelf") -> View[Book]:
    """The shelf after a deployment that can handle what was poison."""
    shelf = a_shelf(name)

    def lend(book: Book, e: Recorded[BookLent]) -> Book:
        return Book(book.book_id, book.title, book.owner_id, book.owner, book.lent + 1, [*book.notes, e.fact.note])

    shelf.handlers.pop(BookLent)
    shelf.on(BookLent)(lend)
    return shelf


def poisoned(records: Records) -> tuple[UUID, UUID]:
    sick, well = uuid4(), uuid4()
    records.record(sick, BookAdded("Sick"), BookLent(uuid4(), "first"), BookLent(uuid4(), "poison"))
    records.record(sick, BookLent(uuid4(), "second"), BookLent(uuid4(), "third"))
    records.record(well, BookAdded("Well"), BookLent(uuid4(), "fine"))
    return sick, well


def test_a_poison_fact_parks_only_its_stream_and_later_facts_queue(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    sick, well = poisoned(records)
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert (outcome.applied, outcome.parked, outcome.queued) == (4, 1, 2)
    rows = rows_of(db, shelf)
    assert (rows[sick].notes, rows[well].notes) == (["first"], ["fine"])
    assert adds_up(db)


def test_facts_that_come_later_queue_too_and_repeats_of_waiting_facts_are_repeats(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    poisoned(records)
    feed = feed_of(db, records, shelf)
    feed.take(from_topic(records.log))
    again = feed.take(from_topic(records.log, first=len(records.log)))
    assert (again.applied, again.repeats) == (0, 7)
    assert one(db, "SELECT count(*) FROM parked") == 3
    assert adds_up(db)


def test_a_retry_applies_the_fact_and_its_queue_in_order(db: Database) -> None:
    records = Records()
    sick, _ = poisoned(records)
    feed_of(db, records, a_shelf()).take(from_log(records.log))
    result = retry(feed_of(db, records, mended()))
    assert (result.applied, result.waiting) == (3, 0)
    assert rows_of(db, a_shelf())[sick].notes == ["first", "poison", "second", "third"]
    assert adds_up(db)
    records.record(sick, BookLost())
    feed_of(db, records, mended()).take(from_log(records.log[-1:]))
    assert sick not in rows_of(db, a_shelf())


def test_a_retry_that_fails_again_changes_nothing_but_the_error(db: Database) -> None:
    records = Records()
    sick, _ = poisoned(records)
    feed = feed_of(db, records, a_shelf())
    feed.take(from_log(records.log))
    result = retry(feed, stream=sick)
    assert (result.applied, result.waiting) == (0, 3)
    assert [each.state for each in parked_of(db, state=None)] == ["parked", "queued", "queued"]
    assert adds_up(db)


def test_retrying_one_class_of_error_leaves_the_others(db: Database) -> None:
    records = Records()
    poisoned(records)
    torn = uuid4()
    records.record(torn, BookAdded("Torn"), BookLent(uuid4()), BookLent(uuid4()))
    feed_of(db, records, a_shelf()).take(from_topic([*records.log[:8], *records.log[9:]]))
    retry(feed_of(db, records, mended()), error="ValueError")
    assert [each.error for each in parked_of(db)] == ["Jump"]


def test_a_retry_of_a_jump_rereads_what_was_missing(db: Database) -> None:
    records, shelf, torn = Records(), a_shelf(), uuid4()
    records.record(torn, BookAdded("Torn"), BookLent(uuid4(), "a"), BookLent(uuid4(), "b"), BookLent(uuid4(), "c"))
    feed = feed_of(db, records, shelf)
    whole = from_topic(records.log)
    feed.take([whole[0], whole[2], whole[3]])
    assert retry(feed).applied == 0

    class Topic:
        def read(self, service: str, shard: int, after: Position, limit: int) -> list[Delivery]:
            return [each for each in whole if each.mark > after][:2]

    result = retry(feed, reread=reread_topic(Topic(), "shelf", feed.marks))
    assert (result.applied, result.waiting) == (3, 0)
    assert rows_of(db, shelf)[torn].notes == ["a", "b", "c"]
    assert adds_up(db)


def test_a_discarded_fact_stays_with_who_and_why_and_its_stream_goes_on(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    sick, _ = poisoned(records)
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log))
    result = discard(feed, parked_of(db)[0].id, actor="user:ops", reason="typed twice")
    assert (result.applied, result.waiting) == (2, 0)
    assert rows_of(db, shelf)[sick].notes == ["first", "second", "third"]
    (given_up,) = parked_of(db, state="discarded")
    assert (given_up.decided_by, given_up.message, given_up.version) == ("user:ops", "typed twice", 3)
    assert adds_up(db)
    with pytest.raises(LookupError):
        discard(feed, given_up.id, actor="user:ops", reason="again")


def test_parked_facts_stay_encrypted_and_errors_tell_no_values(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    poisoned(records)
    feed_of(db, records, shelf).take(from_log(records.log))
    everything = one(db, "SELECT string_agg(parked::text, '') FROM parked")
    assert "poison" not in everything
    assert "secret" not in everything
    (fact,) = parked_of(db)
    assert fact.error == "ValueError"
    assert fact.message is not None
    assert fact.message.startswith("shelf.py:")
    with db.connection() as connection:
        shown = parking.show(connection, fact.id)
    assert shown is not None
    assert shown[1]["actor"] == "user:ada"


def test_a_fact_that_does_not_fit_its_type_parks_with_its_stream(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"))
    records.log[0] = _spoilt(records.log[0])
    assert feed_of(db, records, shelf).take(from_log(records.log)).parked == 1
    assert parked_of(db)[0].error == "ValidationError"


def test_five_streams_failing_in_a_row_stop_the_view_and_nothing_is_kept(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for _ in range(5):
        records.record(uuid4(), BookAdded("Sick"), BookLent(uuid4(), "poison"))
    feed = feed_of(db, records, shelf)
    ordered = sorted(records.log, key=lambda each: each.version)
    with pytest.raises(NotRunning, match="5 streams in a row failed"):
        feed.take(from_topic(ordered))
    assert (len(rows_of(db, shelf)), one(db, "SELECT count(*) FROM parked")) == (0, 0)
    with db.connection() as connection:
        state, reason = states(connection)["shelf_v1"]
    assert state == "stopped"
    assert reason is not None
    assert "ValueError at shelf.py" in reason
    assert "secret" not in reason


def test_a_view_whose_table_refuses_every_row_stops(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for _ in range(6):
        records.record(uuid4(), BookAdded("Dune"))
    feed = feed_of(db, records, shelf)
    with db.connection() as connection:
        connection.execute("ALTER TABLE shelf_v1 ADD CHECK (lent < 0)")
    with pytest.raises(NotRunning, match="5 streams in a row failed"):
        feed.take(from_log(records.log))
    with db.connection() as connection:
        state, reason = states(connection)["shelf_v1"]
    assert (state, reason and "CheckViolation" in reason) == ("stopped", True)


def test_the_row_of_failures_is_counted_over_batches(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for _ in range(5):
        records.record(uuid4(), BookAdded("Sick"), BookLent(uuid4(), "poison"))
    feed = feed_of(db, records, shelf)
    feed.take(from_topic([each for each in records.log if each.version == 1]))
    sick = [each for each in records.log if each.version == 2]
    for at in range(4):
        feed.take(from_topic(sick[at : at + 1], first=5 + at))
    with pytest.raises(NotRunning):
        feed.take(from_topic(sick[4:], first=9))


def test_one_percent_of_a_batch_failing_stops_the_view(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for at in range(40):
        book = uuid4()
        records.record(book, BookAdded("Dune"), BookLent(uuid4(), "poison" if at % 3 == 0 else "fine"))
    with pytest.raises(NotRunning, match="11 of 80 facts failed"):
        feed_of(db, records, shelf, circuit=Circuit(most_in_a_row=100)).take(from_log(records.log))


def test_a_stopped_view_is_resumed_by_people_leniently_if_the_facts_are_to_blame(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    for _ in range(6):
        records.record(uuid4(), BookAdded("Sick"), BookLent(uuid4(), "poison"), BookLent(uuid4(), "behind"))
    facts = from_topic(sorted(records.log, key=lambda each: each.version))
    feed = feed_of(db, records, shelf)
    with pytest.raises(NotRunning):
        feed.take(facts)
    with pytest.raises(NotRunning, match="stopped"):
        feed.open()
    with db.connection() as connection:
        assert resume(connection, "shelf_v1", lenient=True)
        assert not resume(connection, "shelf_v1")
    feed.open()
    outcome = feed.take(facts)
    assert (outcome.applied, outcome.parked, outcome.queued) == (6, 6, 6)
    assert adds_up(db)


def test_a_transient_error_of_a_handler_parks_nothing(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"))

    @shelf.on(BookAdded)
    def stumble(row: Book, e: Recorded[BookAdded]) -> Book:
        raise psycopg.errors.DeadlockDetected("deadlock detected")

    with pytest.raises(psycopg.OperationalError):
        feed_of(db, records, shelf).take(from_log(records.log))
    assert one(db, "SELECT count(*) FROM parked") == 0


def _spoilt(sealed: Sealed) -> Sealed:
    return replace(sealed, value=b'{"title": 7}')
