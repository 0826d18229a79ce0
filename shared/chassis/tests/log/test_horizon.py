"""How event stores lose facts, each case on the real log: held transactions stepped by hand, no chance, no waits."""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.log import LateLoad, PostgresStore
from crm.chassis.log.recorder import FactRecorder
from crm.chassis.log.store import Append, Conflict, NewFact
from crm.chassis.migrations import migrate
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.held import HeldTransaction
from crm.events import Position, Sealed

Hold = Callable[[], HeldTransaction]


@pytest.fixture
def dsn(database: str) -> str:
    migrate(database)
    return database


@pytest.fixture
def store(dsn: str) -> Iterator[PostgresStore]:
    database = Database(dsn)
    yield PostgresStore(database)
    database.close()


@pytest.fixture
def hold(dsn: str) -> Iterator[Hold]:
    held: list[HeldTransaction] = []

    def one() -> HeldTransaction:
        held.append(HeldTransaction(dsn))
        return held[-1]

    yield one
    for each in held:
        each.close()


def one_append(stream: UUID, *versions: int) -> Append:
    facts = tuple(NewFact(stream, v, "crm.testing.x.v1", b"{}", stream, (), None) for v in versions or (1,))
    return Append(uuid4(), facts, "user:a", "api", "c", None, None)


def tail(store: PostgresStore, after: Position | None = None, limit: int = 100) -> list[Sealed]:
    """What a reader that saves its position sees from there on."""
    read: list[Sealed] = []
    while page := store.read(after, limit):
        read += page
        after = page[-1].position
    return read


def test_a_reader_does_not_pass_a_transaction_that_has_not_committed(store: PostgresStore, hold: Hold) -> None:
    slow, early, late = hold(), uuid4(), uuid4()
    PostgresStore(slow).append(one_append(early))
    store.append(one_append(late))
    before = tail(store)
    slow.commit()
    after = tail(store, before[-1].position if before else None)
    assert [each.stream for each in before + after] == [early, late]


def test_a_rolled_back_append_leaves_a_gap_that_blocks_nobody(store: PostgresStore, hold: Hold) -> None:
    failed, kept = hold(), uuid4()
    PostgresStore(failed).append(one_append(uuid4()))
    store.append(one_append(kept))
    assert tail(store) == []
    failed.rollback()
    assert [each.stream for each in tail(store)] == [kept]


def test_a_long_transaction_anywhere_on_the_server_holds_readers_and_loses_nothing(
    store: PostgresStore, postgres_server: PostgresBackend
) -> None:
    other = postgres_server.fresh_database()
    elsewhere = HeldTransaction(other)
    elsewhere.take_id()
    stream = uuid4()
    store.append(one_append(stream))
    assert tail(store) == []
    elsewhere.rollback()
    assert [each.stream for each in tail(store)] == [stream]
    elsewhere.close()
    postgres_server.drop(other)


def test_nothing_is_loaded_once_the_transaction_has_its_id(store: PostgresStore, hold: Hold) -> None:
    stream = uuid4()
    store.append(one_append(stream))
    late = hold()
    assert len(PostgresStore(late).load([stream])[stream]) == 1
    late.take_id()
    with pytest.raises(LateLoad):
        PostgresStore(late).load([stream])


def test_the_case_the_late_load_rule_forbids_would_settle_version_3_before_version_2(
    store: PostgresStore, hold: Hold
) -> None:
    stream, early = uuid4(), hold()
    store.append(one_append(stream))
    early.take_id()
    store.append(one_append(stream, 2))
    PostgresStore(early).append(one_append(stream, 3))
    early.commit()
    assert [each.version for each in tail(store)] == [1, 3, 2]


def test_two_appends_of_one_version_conflict(store: PostgresStore) -> None:
    stream = uuid4()
    store.append(one_append(stream, 1, 2))
    with pytest.raises(Conflict):
        store.append(one_append(stream, 2))


def test_positions_are_ordered_as_numbers_across_a_power_of_ten(store: PostgresStore, dsn: str) -> None:
    streams = [uuid4() for _ in range(6)]
    for tx, stream in zip((97, 98, 99, 100, 101, 102), streams, strict=True):
        store.append(one_append(stream))
        with store.database.connection() as connection:
            connection.execute("UPDATE events SET tx = %s::text::xid8 WHERE originator_id = %s", (str(tx), stream))
    assert [each.stream for each in tail(store, limit=2)] == streams


def test_a_page_is_completed_to_the_end_of_its_append(store: PostgresStore) -> None:
    one, other = uuid4(), uuid4()
    store.append(one_append(one, 1, 2, 3))
    store.append(one_append(other, 1, 2))
    assert [len(store.read(None, limit)) for limit in (1, 2, 3, 4, 5)] == [3, 3, 3, 5, 5]


def test_after_a_restore_into_a_fresh_cluster_everything_old_is_settled_and_comes_first(store: PostgresStore) -> None:
    old, new = uuid4(), uuid4()
    store.append(one_append(old))
    with store.database.connection() as connection:
        connection.execute("UPDATE events SET tx = '4000000000'::xid8")  # ids of the old cluster lie in the future
    assert tail(store) == []
    with store.database.connection() as connection:
        connection.execute("CREATE OR REPLACE FUNCTION current_era() RETURNS integer LANGUAGE sql STABLE AS 'SELECT 2'")
    lagging = Position(1, 0, 0)
    store.append(one_append(new))
    assert [each.stream for each in tail(store, lagging)] == [old, new]
    assert [each.position.era for each in tail(store) if each.position] == [1, 2]


def test_the_library_reads_with_the_same_horizon(store: PostgresStore, hold: Hold) -> None:
    slow, recorder = hold(), FactRecorder(store.database)
    PostgresStore(slow).append(one_append(uuid4()))
    store.append(one_append(uuid4()))
    assert recorder.select_notifications(None, 10) == []
    slow.commit()
    assert len(recorder.select_notifications(None, 10)) == 2


def test_an_append_whose_answer_was_lost_is_found_again(store: PostgresStore) -> None:
    append = one_append(uuid4())
    assert not store.landed(append)
    store.append(append)
    assert store.landed(append)
    assert not store.landed(replace(append, append_id=uuid4()))


@pytest.mark.parametrize("seed", range(20))
def test_i1_i3_a_tailing_reader_sees_every_fact_once_and_in_order(store: PostgresStore, hold: Hold, seed: int) -> None:
    """A seeded scheduler steps writers that hold, commit and roll back while a reader tails."""
    chance = random.Random(seed)
    writers: list[tuple[HeldTransaction, UUID]] = []
    versions: dict[UUID, int] = {}
    seen: list[Sealed] = []
    for _ in range(60):
        step = chance.choice(("begin", "commit", "rollback", "append", "read", "read"))
        if step == "begin" and len(writers) < 4:
            writer, stream = hold(), uuid4()
            PostgresStore(writer).append(one_append(stream))
            writers.append((writer, stream))
        elif step in ("commit", "rollback") and writers:
            writer, stream = writers.pop(chance.randrange(len(writers)))
            getattr(writer, step)()
            if step == "commit":
                versions[stream] = 1
        elif step == "append":
            stream = chance.choice([*versions, uuid4()])
            versions[stream] = versions.get(stream, 0) + 1
            store.append(one_append(stream, versions[stream]))
        elif step == "read":
            seen += store.read(seen[-1].position if seen else None, 3)
    for writer, _ in writers:
        writer.rollback()
    seen += tail(store, seen[-1].position if seen else None)
    assert {stream: [each.version for each in seen if each.stream == stream] for stream in versions} == {
        stream: list(range(1, last + 1)) for stream, last in versions.items()
    }
