"""Views, rebuilds and late starters while a transaction is held open: none passes what is still to be committed."""

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from crm.chassis.database import Database
from crm.chassis.log import PostgresStore
from crm.chassis.log.store import Append, NewFact
from crm.chassis.projection import Delivery, Feed, Follower, OwnLoop, Past, TopicLoop, prepare, rebuild
from crm.chassis.projection.delivery import LOG_SHARD
from crm.chassis.projection.places import Overtaken
from crm.chassis.projection.sources import LogHistory
from crm.chassis.testing.held import HeldTransaction, SteppedDatabase
from crm.chassis.testing.shelf import BookAdded, BookLent, a_shelf, adds_up, feed_of, one, rows_of
from crm.chassis.testing.views import Records, from_topic
from crm.events import Fact, Recorded

Write = Callable[[UUID], None]


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def held(db: Database) -> Iterator[HeldTransaction]:
    """A transaction that is open until the test ends it."""
    transaction = HeldTransaction(db.dsn)
    yield transaction
    transaction.close()


def writing(records: Records, database: Database) -> Write:
    """What appends a new book to the log, on a connection of this database."""
    store = PostgresStore(database)

    def write(book: UUID) -> None:
        (made,) = records.record(book, BookAdded("Dune"))
        fact = NewFact(book, made.version, made.type, made.value, book, (book,), None)
        store.append(Append(made.append_id, (fact,), "user:ada", "web", "c", None, None))

    return write


def drain(loop: OwnLoop) -> None:
    while loop.turn():
        pass


def test_a_view_does_not_pass_a_fact_that_is_still_to_be_committed(
    db: Database, records: Records, held: HeldTransaction
) -> None:
    early, late, shelf = uuid4(), uuid4(), a_shelf()
    loop = OwnLoop(PostgresStore(db), [feed_of(db, records, shelf)])
    writing(records, held)(early)
    writing(records, db)(late)
    drain(loop)
    held.commit()
    drain(loop)
    assert set(rows_of(db, shelf)) == {early, late}
    assert adds_up(db)


def test_a_reader_that_looks_while_a_transaction_commits_sees_rows_and_horizon_of_one_moment(
    db: Database, records: Records, held: HeldTransaction
) -> None:
    """A detection of gaps in two snapshots sees the gap in the first, and nobody at work in the second."""
    early, late = uuid4(), uuid4()
    writing(records, held)(early)
    writing(records, db)(late)
    stepped = SteppedDatabase(db.dsn, held.commit)
    reader = PostgresStore(stepped)
    seen = list(reader.read(None, 10))
    seen += reader.read(seen[-1].position if seen else None, 10)
    assert [each.stream for each in seen] == [early, late]
    stepped.close()


def test_p5_a_rebuild_ends_at_what_is_settled_not_at_the_last_number(
    db: Database, records: Records, held: HeldTransaction
) -> None:
    first, early, late, shelf = uuid4(), uuid4(), uuid4(), a_shelf()
    store = PostgresStore(db)
    loop = OwnLoop(store, [feed_of(db, records, shelf)])
    writing(records, db)(first)
    drain(loop)
    writing(records, held)(early)
    writing(records, db)(late)
    past = Past("shelf", LogHistory(db), store)
    assert rebuild(db, shelf, records.keys, past, actor="user:ops").facts == 1
    held.commit()
    feed = Feed(db, shelf, "shelf", records.keys)
    feed.open()
    drain(OwnLoop(store, [feed]))
    assert set(rows_of(db, shelf)) == {first, early, late}


def test_a_late_starter_begins_at_what_is_settled_and_misses_nothing_that_commits_after_it(
    db: Database, records: Records, held: HeldTransaction
) -> None:
    before, early, late = uuid4(), uuid4(), uuid4()
    seen: list[UUID] = []

    def act(e: Recorded[Fact]) -> None:
        seen.append(e.stream)

    policy = Follower("greeting", frozenset({"crm.shelf.book-added.v1"}), act)
    writing(records, db)(before)
    writing(records, held)(early)
    writing(records, db)(late)
    end = LogHistory(db).end()
    assert end
    with db.connection() as connection:
        prepare(connection, [policy], lambda service: {LOG_SHARD: end})
    feed = Feed(db, policy, "shelf", records.keys)
    feed.open()
    held.commit()
    drain(OwnLoop(PostgresStore(db), [feed]))
    assert seen == [early, late]


class Stream:
    """A topic as one member of a group reads it, page by page."""

    def __init__(self, *pages: list[Delivery]) -> None:
        self.pages = list(pages)
        self.committed: list[dict[int, Any]] = []

    def read(self, limit: int, timeout_s: float) -> dict[str, list[Delivery]]:
        return {"shelf": self.pages.pop(0)} if self.pages else {}

    def commit(self, service: str, marks: Any) -> None:
        self.committed.append(dict(marks))

    def close(self) -> None: ...


def test_a_consumer_does_not_commit_past_a_fact_that_failed_for_the_moment(
    db: Database, records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.chassis.projection.lanes.FIRST_DELAY_S", 0.0)
    shelf, failures = a_shelf(), [psycopg.OperationalError("the server went away")]
    books = [uuid4() for _ in range(4)]
    for book in books:
        records.record(book, BookAdded("Dune"))

    @shelf.on(BookLent)
    def lend(row: Any, e: Recorded[BookLent]) -> Any:
        if failures:
            raise failures.pop()
        return row

    records.record(books[0], BookLent(uuid4()))
    facts = from_topic(records.log)
    stream = Stream(facts)
    loop = TopicLoop(lambda starts: stream, [feed_of(db, records, shelf)])
    assert not loop.turn(0)
    assert stream.committed == []
    assert rows_of(db, shelf) == {}
    while not loop.turn(0):
        pass
    assert set(rows_of(db, shelf)) == set(books)
    assert stream.committed == [{0: facts[-1].mark}]


def test_a_rebalance_in_the_middle_of_a_batch_keeps_nothing_of_it_twice(db: Database, records: Records) -> None:
    """A partition goes to another worker, which takes it further, while the first still holds what it has read."""
    shelf, books = a_shelf(), [UUID(int=n) for n in range(6)]
    for book in books:
        records.record(book, BookAdded("Dune"))
    facts = from_topic(records.log, partitions=2)
    here, there = feed_of(db, records, shelf), feed_of(db, records, shelf)
    batch = facts[:4]  # of both partitions
    there.take([each for each in facts if each.shard == 0])
    with pytest.raises(Overtaken):
        here.take(batch)
    assert {book.int % 2 for book in rows_of(db, shelf)} == {0}
    here.open()
    here.take([each for each in facts if each.shard == 1])
    assert set(rows_of(db, shelf)) == set(books)
    assert one(db, "SELECT sum(consumed) FROM checkpoints") == len(facts)
    assert adds_up(db)
