"""An erased person is blank in every version of every view, in history and rebuilds; only then acknowledged (I11)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace as struct_replace

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.projection import Feed, NotRunning, Subject, View, erasure, prepare, resume, retry, states
from crm.chassis.projection.batch import CONTACT_ERASED
from crm.chassis.testing.shelf import BookAdded, BookBurnt, BookLent, a_shelf, adds_up, feed_of, one, rows_of
from crm.chassis.testing.views import Records, from_log
from crm.chassis.testing.waiting import eventually
from crm.events import ERASED, Personal, Recorded, Sealed


def erase(records: Records, *contacts: UUID, destroy: bool = True) -> Sealed:
    """What contacts records when a person is to be forgotten; here under the source of the test."""
    (fact,) = records.record(contacts[0], BookBurnt(), contact_ids=contacts)
    records.log[-1] = struct_replace(fact, type=CONTACT_ERASED, value=b"{}")
    for contact in contacts if destroy else ():
        records.keys.destroy(contact)
    return records.log[-1]


@dataclass(frozen=True)
class Card:
    card: UUID
    people: tuple[Subject, ...]
    names: Personal[list[str]]
    nick: Personal[str]
    extra: Personal[dict[str, str]]
    amount: int


def a_card_index(version: int = 1, *, row_history: bool = False) -> View[Card]:
    cards = View("cards", Card, key="card", version=version, row_history=row_history)

    @cards.on(BookAdded)
    def add(_: Card | None, e: Recorded[BookAdded]) -> Card:
        return Card(e.stream, e.contact_ids, [e.fact.owner or ""], e.fact.owner or "", {"n": e.fact.owner or ""}, 7)

    @cards.on(BookLent)
    def lend(row: Card, e: Recorded[BookLent]) -> Card:
        return replace(row, names=[*row.names, e.fact.note], amount=row.amount + 1)

    return cards


def everything_in(db: Database) -> str:
    """Every row of every table, as text."""
    with db.connection() as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [connection.execute(f"SELECT t::text FROM {t} AS t".encode()).fetchall() for (t,) in tables]
    return str(rows)


def test_i11_an_erasure_blanks_personal_columns_and_keeps_the_rest(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    ada, bob, dune, emma = (uuid4() for _ in range(4))
    records.record(dune, BookAdded("Dune", "Ada Lovelace"), BookLent(uuid4(), "for Ada"), subject=ada)
    records.record(emma, BookAdded("Emma", "Bob"), subject=bob)
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log))
    erase(records, ada)
    feed.take(from_log(records.log[-1:]))
    rows = rows_of(db, shelf)
    assert (rows[dune].owner, rows[dune].notes, rows[dune].title, rows[dune].lent) == (None, [], "Dune", 1)
    assert rows[emma].owner == "Bob"
    assert "Ada" not in everything_in(db)


def test_i11_an_erasure_that_cannot_be_written_stops_the_view_until_people_have_mended_it(db: Database) -> None:
    records, shelf, ada, dune, emma = Records(), a_shelf(), uuid4(), uuid4(), uuid4()
    records.record(dune, BookAdded("Dune", "Ada"), subject=ada)
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log))
    with db.connection() as connection:
        connection.execute("ALTER TABLE shelf_v1 ADD CONSTRAINT owned CHECK (owner IS NOT NULL)")
    erase(records, ada)
    records.record(emma, BookAdded("Emma", "Bob"))
    with pytest.raises(NotRunning, match="an erasure cannot be written into shelf_v1"):
        feed.take(from_log(records.log[1:]))
    with db.connection() as connection:
        state, reason = states(connection)["shelf_v1"]
        assert (state, reason and "CheckViolation" in reason) == ("stopped", True)
        connection.execute("ALTER TABLE shelf_v1 DROP CONSTRAINT owned")
        resume(connection, "shelf_v1")
    feed.open()
    feed.take(from_log(records.log[1:]))
    rows = rows_of(db, shelf)
    assert (rows[dune].owner, rows[emma].owner) == (None, "Bob")
    assert adds_up(db)


def waits_for_its_turn(db: Database, erasing: Callable[[], Any]) -> Any:
    """Erases while another view does, and asserts that nothing is written until the other is done."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND wait_event = 'advisory' AND backend_xid IS NULL"
    )
    with ThreadPoolExecutor(1) as pool:
        with db.transaction() as another:
            erasure.take_turns(another)
            done = pool.submit(erasing)
            eventually(lambda: one(db, waiting) == 1, within_s=10)
        return done.result(10)


def test_erasures_of_several_views_take_turns_before_they_write(db: Database) -> None:
    records, shelf, ada, dune = Records(), a_shelf(), uuid4(), uuid4()
    records.record(dune, BookAdded("Dune", "Ada"), subject=ada)
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log))
    erase(records, ada)
    records.record(uuid4(), BookAdded("Emma"))
    assert waits_for_its_turn(db, lambda: feed.take(from_log(records.log[1:]))).applied == 2
    assert rows_of(db, shelf)[dune].owner is None


def test_a_retry_of_a_stream_with_an_erasure_takes_its_turn_too(db: Database) -> None:
    records, shelf, ada = Records(), a_shelf(), uuid4()
    records.record(ada, BookAdded("Dune", "Ada"), BookLent(uuid4(), "poison"), subject=ada)
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log))
    erase(records, ada)
    assert feed.take(from_log(records.log[2:])).queued == 1
    assert waits_for_its_turn(db, lambda: retry(feed)).applied == 2
    assert rows_of(db, shelf)[ada].owner is None


def test_i11_every_version_and_every_view_is_blanked_also_those_nobody_feeds(db: Database) -> None:
    records, ada, card = Records(), uuid4(), uuid4()
    records.record(card, BookAdded("Dune", "Ada"), BookLent(uuid4(), "Ada's"), subject=ada, contact_ids=(ada, uuid4()))
    views: list[View[Any]] = [a_card_index(1), a_card_index(2, row_history=True), a_shelf()]
    for view in views:
        with db.connection() as connection:
            prepare(connection, [view])
            connection.execute("UPDATE view_state SET state = 'running'")
        feed = Feed(db, view, "shelf", records.keys)
        feed.open()
        feed.take(from_log(records.log))
    erase(records, ada)
    only = Feed(db, views[2], "shelf", records.keys)
    only.open()
    only.take(from_log(records.log[-1:]))
    assert "Ada" not in everything_in(db)
    for view in views[:2]:
        row = rows_of(db, view)[card]
        assert (row.names, row.nick, row.extra, row.amount) == ([], ERASED, {}, 8)


def test_i11_facts_that_come_after_an_erasure_open_as_erased_whatever_a_cache_holds(db: Database) -> None:
    keys = MemoryKeys()
    records, shelf, ada, dune = Records(keys), a_shelf(), uuid4(), uuid4()
    feed = feed_of(db, records, shelf)
    erase(records, ada, destroy=False)  # another process still has the key
    records.record(dune, BookAdded("Dune", "Ada"), subject=ada)
    feed.take(from_log(records.log[:1]))
    feed.take(from_log(records.log[1:]))
    assert rows_of(db, shelf)[dune].owner is None


def test_i11_facts_and_erasure_in_one_batch(db: Database) -> None:
    records, shelf, ada, dune = Records(), a_shelf(), uuid4(), uuid4()
    records.record(dune, BookAdded("Dune", "Ada"), subject=ada)
    erase(records, ada, destroy=False)
    records.record(dune, BookLent(uuid4(), "Ada again"), subject=ada)
    feed_of(db, records, shelf).take(from_log(records.log))
    row = rows_of(db, shelf)[dune]
    assert (row.owner, row.notes) == (None, [])


def test_an_erasure_is_not_held_up_by_a_parked_fact_of_its_stream(db: Database) -> None:
    records, shelf, ada = Records(), a_shelf(), uuid4()
    records.record(ada, BookAdded("Dune", "Ada"), BookLent(uuid4(), "poison"), subject=ada)
    erase(records, ada)
    feed_of(db, records, shelf).take(from_log(records.log))
    assert rows_of(db, shelf)[ada].owner is None
    assert "Ada" not in everything_in(db)


def test_the_cached_key_is_evicted(db: Database) -> None:
    records, shelf, ada = Records(), a_shelf(), uuid4()
    evicted: list[UUID] = []
    records.keys.evict = evicted.append  # type: ignore[method-assign, assignment]
    erase(records, ada)
    feed_of(db, records, shelf).take(from_log(records.log))
    assert evicted == [ada]


def test_it_is_reported_once_all_views_have_forgotten_and_again_after_a_crash(db: Database) -> None:
    records, ada = Records(), uuid4()
    told: list[UUID] = []
    first, second = feed_of(db, records, a_shelf()), feed_of(db, records, a_card_index())
    erase(records, ada)
    first.take(from_log(records.log))
    erasure.report(db, told.append)
    assert told == []
    second.take(from_log(records.log))
    with pytest.raises(RuntimeError):
        erasure.report(db, _crash)
    with db.connection() as connection:
        assert erasure.complete(connection, ada)
        assert not erasure.complete(connection, uuid4())
    erasure.report(db, told.append)
    erasure.report(db, told.append)
    assert told == [ada]
    assert one(db, "SELECT count(*) FROM applied") == 2


def _crash(contact: UUID) -> None:
    raise RuntimeError("killed before it could be recorded")
