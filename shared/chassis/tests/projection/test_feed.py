"""Facts reach the rows once each, in order, together with the place they were read to (I2, I3, I5, I7)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.keys import KeyringUnavailable
from crm.chassis.migrations import migrate
from crm.chassis.projection import Delivery, Feed, Follower, Malformed, NotRunning, parking, places, prepare
from crm.chassis.projection.places import Overtaken
from crm.chassis.testing.shelf import (
    Book,
    BookAdded,
    BookBurnt,
    BookLent,
    BookLost,
    a_shelf,
    adds_up,
    feed_of,
    one,
    rows_of,
)
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Fact, Position, Recorded


def test_facts_become_rows(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    dune, emma = uuid4(), uuid4()
    records.record(dune, BookAdded("Dune", "Ada"), BookLent(uuid4(), "soon"))
    records.record(emma, BookAdded("Emma"))
    records.record(dune, BookLent(uuid4(), "later"), BookBurnt())
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert (outcome.consumed, outcome.applied) == (5, 5)
    assert rows_of(db, shelf) == {
        dune: Book(dune, "Dune", dune, "Ada", 2, ["soon", "later"]),
        emma: Book(emma, "Emma", emma, None, 0, []),
    }
    records.record(dune, BookLost())
    feed_of(db, records, shelf).take(from_log(records.log[-1:]))
    assert set(rows_of(db, shelf)) == {emma}


def test_i3_a_repeat_is_skipped_and_counted(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    feed = feed_of(db, records, shelf)
    feed.take(from_topic(records.log))
    records.record(book, BookLent(uuid4()))
    again = from_topic(records.log, first=2)
    outcome = feed.take(again)
    assert (outcome.applied, outcome.repeats, outcome.parked) == (1, 2, 0)
    assert rows_of(db, shelf)[book].lent == 2
    assert adds_up(db)


def test_i3_a_jump_parks_the_stream_and_nothing_else(db: Database) -> None:
    records, shelf = Records(), a_shelf()
    torn, whole = uuid4(), uuid4()
    records.record(torn, BookAdded("Torn"), BookLent(uuid4()), BookLent(uuid4()), BookLent(uuid4()))
    records.record(whole, BookAdded("Whole"))
    lossy = [records.log[0], records.log[2], records.log[3], records.log[4]]
    outcome = feed_of(db, records, shelf).take(from_topic(lossy))
    assert (outcome.applied, outcome.parked, outcome.queued) == (2, 1, 1)
    assert rows_of(db, shelf)[torn].lent == 0
    assert one(db, "SELECT error FROM parked WHERE state = 'parked'") == "Jump"
    assert adds_up(db)


def test_i3_a_first_version_that_is_not_one_is_a_jump(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    outcome = feed_of(db, records, shelf).take(from_topic(records.log[1:]))
    assert (outcome.applied, outcome.parked) == (0, 1)


@pytest.mark.parametrize("reused", [0, 1], ids=["the last applied version", "an earlier version"])
def test_i3_a_version_reused_after_a_lossy_failover_parks(db: Database, reused: int) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()), BookLent(uuid4()))
    feed = feed_of(db, records, shelf)
    feed.take(from_topic(records.log))
    lost = records.log[2 - reused]
    after_failover = records.record(uuid4(), *[BookBurnt()] * 5)[-1].recorded_at
    other = replace(lost, append_id=uuid4(), recorded_at=after_failover)
    outcome = feed.take(from_topic([other], first=3))
    assert (outcome.repeats, outcome.parked) == (0, 1)
    assert one(db, "SELECT error FROM parked") == "Reused"


def test_a_late_starter_takes_a_streams_first_seen_version(db: Database) -> None:
    records, book = Records(), uuid4()
    seen: list[Recorded[Fact]] = []
    records.record(book, BookAdded("Dune"), BookLent(uuid4()), BookLent(uuid4()), BookLent(uuid4()))
    policy = Follower("reminding", frozenset({"crm.shelf.book-lent.v1"}), seen.append)
    with db.connection() as connection:
        prepare(connection, [policy], lambda service: {0: Position(1, 2, 2)})
        prepare(connection, [policy], lambda service: {0: Position(1, 4, 4)})
    feed = Feed(db, policy, "shelf", records.keys)
    assert feed.open() == {0: Position(1, 2, 2)}
    feed.take(from_log(records.log[2:]))
    assert [e.version for e in seen] == [3, 4]
    assert feed.take(from_topic(records.log[3:], first=9)).repeats == 1
    jumped = records.record(book, BookBurnt(), BookBurnt())[1:]
    assert feed.take(from_log(jumped)).parked == 1


def test_a_policy_that_is_new_on_an_empty_log_misses_nothing_and_is_no_late_starter(db: Database) -> None:
    records, book = Records(), uuid4()
    seen: list[Recorded[Fact]] = []
    policy = Follower("reminding", frozenset({"crm.shelf.book-added.v1"}), seen.append)
    with db.connection() as connection:
        prepare(connection, [policy], lambda service: {})
    records.record(book, BookAdded("Dune"))
    feed = Feed(db, policy, "shelf", records.keys)
    feed.open()
    feed.take(from_log(records.log))
    assert len(seen) == 1
    assert one(db, "SELECT late FROM feeds") is False


def test_facts_of_unknown_types_are_counted_and_never_parked(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    records.log[1] = replace(records.log[1], type="crm.shelf.book-eaten.v9", value=b'{"by": "mice"}')
    outcome = feed_of(db, records, shelf).take(from_log(records.log))
    assert (outcome.applied, outcome.unknown, outcome.parked) == (2, 1, 0)


def test_a_record_that_is_no_fact_is_kept_and_blocks_nothing(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"))
    wreck = Delivery(Malformed({"key": "a", "value": "b"}, "ce_id"), 0, Position(0, 0, 1))
    outcome = feed_of(db, records, shelf).take([wreck, *from_topic(records.log, first=1)])
    assert (outcome.applied, outcome.parked) == (1, 1)
    assert one(db, "SELECT sealed -> 'raw' ->> 'key' FROM parked WHERE message = 'ce_id'") == "a"
    assert adds_up(db)


STEPS: list[tuple[Any, str]] = [
    (places, "save"),
    (parking, "keep"),
    (places, "move"),
    (places, "known"),
]


@pytest.mark.parametrize(("module", "step"), STEPS, ids=[f"{m.__name__.rsplit('.')[-1]}.{s}" for m, s in STEPS])
def test_i2_rows_and_checkpoint_move_together_or_not_at_all(
    db: Database, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    feed = feed_of(db, records, shelf)
    feed.take(from_log(records.log[:1]))
    before = (rows_of(db, shelf), one(db, "SELECT number FROM checkpoints"), one(db, "SELECT version FROM applied"))
    original: Callable[..., Any] = getattr(module, step)

    def cut(*arguments: Any, **options: Any) -> Any:
        original(*arguments, **options)
        raise psycopg.OperationalError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(module, step, cut)
        with pytest.raises(psycopg.OperationalError):
            feed.take(from_log(records.log[1:]))
    assert (
        rows_of(db, shelf),
        one(db, "SELECT number FROM checkpoints"),
        one(db, "SELECT version FROM applied"),
    ) == before
    feed.take(from_log(records.log[1:]))
    assert rows_of(db, shelf)[book].lent == 1
    assert adds_up(db)


def test_i2_of_two_workers_one_wins_and_the_other_is_told(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune"), BookLent(uuid4()))
    one_worker, other = feed_of(db, records, shelf), feed_of(db, records, shelf)
    one_worker.take(from_log(records.log[:1]))
    with pytest.raises(Overtaken):
        other.take(from_log(records.log[:1]))
    other.take(from_log(records.log[1:]))
    assert rows_of(db, shelf)[book].lent == 1
    with pytest.raises(Overtaken):
        one_worker.take(from_log(records.log[1:]))
    assert adds_up(db)


def test_workers_of_different_partitions_do_not_disturb_each_other(db: Database) -> None:
    records, shelf = Records(), a_shelf(name="partitioned")
    for _ in range(20):
        records.record(uuid4(), BookAdded("Dune"))
    facts = from_topic(records.log, partitions=2)
    left, right = feed_of(db, records, shelf), feed_of(db, records, shelf)
    left.take([each for each in facts if each.shard == 0])
    right.take([each for each in facts if each.shard == 1])
    assert len(rows_of(db, shelf)) == 20
    assert one(db, "SELECT sum(consumed) FROM checkpoints") == 20


def test_an_unreachable_keyring_is_waited_for_and_parks_nothing(db: Database) -> None:
    records, shelf, book = Records(), a_shelf(), uuid4()
    records.record(book, BookAdded("Dune", "Ada"))

    feed = feed_of(db, records, shelf)
    away = _Unreachable()
    feed.opener._keys = away  # type: ignore[assignment]
    with pytest.raises(KeyringUnavailable):
        feed.take(from_log(records.log))
    assert one(db, "SELECT count(*) FROM parked") == 0
    feed.opener._keys = records.keys
    feed.take(from_log(records.log))
    assert rows_of(db, shelf)[book].owner == "Ada"


class _Unreachable:
    def prefetch(self, subjects: object) -> None:
        raise KeyringUnavailable("The keyring is away.")


def test_a_policys_commands_run_before_its_checkpoint_moves_and_again_if_it_did_not(db: Database) -> None:
    records, seen, book = Records(), [], uuid4()
    records.record(book, BookAdded("Dune"))

    def act(e: Recorded[Fact]) -> None:
        seen.append(e.event_id)
        assert one(db, "SELECT count(*) FROM checkpoints") == 0
        if len(seen) == 1:
            raise psycopg.OperationalError("the log was away")

    policy = Follower("greeting", frozenset({"crm.shelf.book-added.v1"}), act)
    with db.connection() as connection:
        prepare(connection, [policy])
    feed = Feed(db, policy, "shelf", records.keys)
    feed.open()
    with pytest.raises(psycopg.OperationalError):
        feed.take(from_log(records.log))
    feed.take(from_log(records.log))
    assert seen == [f"{book}:1"] * 2


def test_a_subscriber_that_was_never_prepared_does_not_run(db: Database) -> None:
    feed = Feed(db, a_shelf(), "shelf", Records().keys)
    with pytest.raises(NotRunning, match="not prepared"):
        feed.open()


def test_a_policy_holds_no_connection_while_it_acts(database: str) -> None:
    migrate(database)
    small, book = Database(database, max_size=1), uuid4()
    records, seen = Records(), [0]
    records.record(book, BookAdded("Dune"))

    def act(e: Recorded[Fact]) -> None:
        seen[0] = one(small, "SELECT 7")

    policy = Follower("greeting", frozenset({"crm.shelf.book-added.v1"}), act)
    with small.connection() as connection:
        prepare(connection, [policy])
    feed = Feed(small, policy, "shelf", records.keys)
    feed.open()
    feed.take(from_log(records.log))
    assert seen == [7]
    small.close()
