"""One suite over every store: what the log promises its callers, in memory and in PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.decider import Aggregate, Moved, Rejected, Taken, Tombstoned, Unknown
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import (
    Context,
    EventLog,
    Idempotency,
    KeyReused,
    MemoryStore,
    PostgresStore,
    Step,
    Store,
    Written,
)
from crm.chassis.log.draft import LARGEST_FACT
from crm.chassis.migrations import migrate
from crm.chassis.testing.facts import BadgeFacts, MemberCounted, count, join, members, plan_renewal, rename

me = Context(actor="user:ada", channel="web")


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
        return
    dsn = request.getfixturevalue("database")
    migrate(dsn)
    database = Database(dsn, max_size=16)
    yield PostgresStore(database)
    database.close()


@pytest.fixture
def log(store: Store) -> EventLog:
    return EventLog("testing", store, MemoryKeys(), BadgeFacts)


def asked(key: str, request: bytes = b"body") -> Context:
    return me.with_(idempotency=Idempotency("user:ada", key, request))


def joined(log: EventLog, **arguments: object) -> UUID:
    stream = uuid4()
    log.commands(me).execute(members, stream, partial(join, **({"name": "Ada"} | arguments)))
    return stream


def test_a_command_appends_what_it_decides_with_its_envelope(log: EventLog) -> None:
    stream, contact = uuid4(), uuid4()
    written = log.commands(me).execute(members, stream, partial(join, name="Ada", contact=contact))
    assert (written.stream, written.version, written.token) == (stream, 1, f"testing/{stream}:1")
    [recorded] = log.stream(stream)
    assert recorded.event_id == f"{stream}:1"
    assert recorded.fact.name == "Ada"
    assert (recorded.actor, recorded.channel, recorded.contact_ids) == ("user:ada", "web", (contact,))
    assert recorded.partition_key == contact
    assert recorded.occurred_at == recorded.recorded_at
    assert recorded.traceparent is not None


def test_i3_a_stream_is_keyed_once_even_if_it_changes_what_it_is_about(log: EventLog) -> None:
    ada, grace = uuid4(), uuid4()
    handed_over = replace(members, about=lambda _, member: {grace if member.count else ada})
    stream, later = uuid4(), uuid4()
    log.commands(me).execute(handed_over, stream, partial(join, name="Ada"))
    log.commands(me).execute(handed_over, stream, count)
    log.commands(me).execute_together(
        Step(handed_over, later, partial(join, name="Ada")), Step(handed_over, later, count)
    )
    for each in (stream, later):
        first, second = log.stream(each)
        assert (first.contact_ids, set(second.contact_ids)) == ((ada,), {ada, grace})
        assert {first.partition_key, second.partition_key} == {ada}


def test_personal_fields_are_sealed_in_the_store(log: EventLog, store: Store) -> None:
    stream = joined(log, name="Ada Canary")
    [sealed] = store.load([stream])[stream]
    assert b"Canary" not in sealed.value
    assert b'"personal":"ey' in sealed.value


def test_a_command_without_a_decision_writes_nothing(log: EventLog) -> None:
    stream = joined(log)
    written = log.commands(me).execute(members, stream, partial(rename, name="Ada"))
    assert (written.version, written.event_ids) == (1, ())


def test_a_refused_command_writes_nothing(log: EventLog) -> None:
    stream = joined(log)
    with pytest.raises(Rejected, match="already"):
        log.commands(me).execute(members, stream, partial(join, name="Ada"))
    assert len(log.stream(stream)) == 1


def test_a_fact_that_no_broker_would_take_is_refused_and_the_relay_goes_on(log: EventLog) -> None:
    stream = joined(log)
    with pytest.raises(Rejected, match="too long to be recorded"):
        log.commands(me).execute(members, stream, partial(rename, name="a" * LARGEST_FACT))
    assert len(log.stream(stream)) == 1


def test_a_stale_version_is_refused(log: EventLog) -> None:
    stream = joined(log)
    log.commands(me).execute(members, stream, count, 1)
    with pytest.raises(Moved, match="version 1"):
        log.commands(me).execute(members, stream, count, 1)


def test_concurrent_commands_without_a_version_are_decided_again(log: EventLog) -> None:
    stream = joined(log)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: log.commands(me).execute(members, stream, count), range(3)))
    assert log.get(members, stream).state.count == 3
    assert [each.version for each in log.stream(stream)] == [1, 2, 3, 4]


def test_several_streams_are_appended_together_or_not_at_all(log: EventLog) -> None:
    one, other = uuid4(), joined(log)
    with pytest.raises(Rejected):
        log.commands(me).execute_together(
            Step(members, one, partial(join, name="Bob")), Step(members, other, partial(join, name="Eve"))
        )
    assert log.stream(one) == []
    written = log.commands(me).execute_together(
        Step(members, one, partial(join, name="Bob")), Step(members, other, partial(count, times=2))
    )
    assert set(written.token.removeprefix("testing/").split(",")) == {f"{one}:1", f"{other}:3"}
    assert len({each.append_id for each in (*log.stream(one)[:1], *log.stream(other)[1:])}) == 1


def test_a_repeated_request_gets_the_same_answer_and_writes_once(log: EventLog) -> None:
    stream = joined(log)
    first = log.commands(asked("k1")).execute(members, stream, count)
    log.commands(me).execute(members, stream, count)
    again = log.commands(asked("k1")).execute(members, stream, count)
    assert (again.version, again.token, again.event_ids, again.replayed) == (*_told(first), True)
    assert log.get(members, stream).state.count == 2


def _told(written: Written) -> tuple[int, str, tuple[str, ...]]:
    return written.version, written.token, written.event_ids


def test_a_repeated_request_with_a_stale_version_gets_its_first_answer(log: EventLog) -> None:
    stream = joined(log)
    first = log.commands(asked("k2")).execute(members, stream, count, 1)
    again = log.commands(asked("k2")).execute(members, stream, count, 1)
    assert _told(again) == _told(first)


def test_the_same_key_with_another_request_is_refused(log: EventLog) -> None:
    stream = joined(log)
    log.commands(asked("k3", b"one")).execute(members, stream, count)
    with pytest.raises(KeyReused):
        log.commands(asked("k3", b"two")).execute(members, stream, count)


def test_a_no_op_is_remembered(log: EventLog) -> None:
    stream = joined(log)
    log.commands(asked("k4")).execute(members, stream, partial(rename, name="Ada"))
    log.commands(me).execute(members, stream, partial(rename, name="Eve"))
    again = log.commands(asked("k4")).execute(members, stream, partial(rename, name="Ada"))
    assert again.replayed
    assert log.get(members, stream).state.name == "Eve"


def test_a_refusal_is_remembered_in_the_same_words(log: EventLog) -> None:
    stream = uuid4()
    with pytest.raises(Unknown, match="no such member"):
        log.commands(asked("k5")).execute(members, stream, count)
    log.commands(me).execute(members, stream, partial(join, name="Ada"))
    with pytest.raises(Unknown, match="no such member"):
        log.commands(asked("k5")).execute(members, stream, count)


def test_sixteen_concurrent_duplicates_write_once(log: EventLog) -> None:
    stream = joined(log)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: log.commands(asked("k6")).execute(members, stream, count), range(16)))
    assert {_told(each) for each in answers} == {_told(answers[0])}
    assert sum(not each.replayed for each in answers) == 1
    assert log.get(members, stream).state.count == 1


def test_c4_the_loser_of_a_claim_is_told_the_winner(log: EventLog) -> None:
    winner = joined(log, badge="B-1")
    with pytest.raises(Taken) as refusal:
        joined(log, badge="B-1")
    assert refusal.value.holder == winner
    assert log.holder("badge", "B-1") == winner
    assert log.holder("badge", "B-2") is None


def test_c4_sixteen_concurrent_claims_have_one_winner_and_no_ghost(log: EventLog) -> None:
    def claim(_: int) -> UUID:
        try:
            return joined(log, badge="B-2")
        except Taken as refusal:
            return refusal.holder

    with ThreadPoolExecutor(16) as pool:
        holders = set(pool.map(claim, range(16)))
    assert holders == {log.holder("badge", "B-2")}
    joins = [each for each in log.read(None, 1000) if each.type.endswith("member-joined.v1")]
    assert [each.stream for each in joins] == list(holders)


forgettable = replace(
    members,
    claims=lambda member: {("badge", member.badge)} if member.badge and member.name != "gone" else set(),
    forgotten=lambda member: member.name == "gone",
    returned=lambda member: member.name == "back",
)
"""Members who are forgotten when they are renamed to gone, and may return as back."""


def test_c13_what_named_somebody_forgotten_is_claimed_again_only_for_who_returned(log: EventLog) -> None:
    somebody, do, badge = uuid4(), log.commands(me), ("badge", "B-9")
    do(forgettable, somebody, partial(join, name="Ada", badge="B-9"))
    assert log.tombstoned([badge]) == set()
    do(forgettable, somebody, partial(rename, name="gone"))
    assert (log.holder(*badge), log.tombstoned([badge, ("badge", "B-8")])) == (None, {badge})
    with pytest.raises(Tombstoned) as refusal:
        do(forgettable, uuid4(), partial(join, name="Bob", badge="B-9"))
    assert (refusal.value.field, "erased on request" in refusal.value.sentence) == ("badge", True)
    again = uuid4()
    do(forgettable, again, partial(join, name="back", badge="B-9"))
    assert (log.holder(*badge), log.tombstoned([badge])) == (again, set())


def test_c13_a_refusal_for_a_tombstone_is_told_again_to_who_repeats_the_request(log: EventLog) -> None:
    somebody, do = uuid4(), log.commands(me)
    do(forgettable, somebody, partial(join, name="Ada", badge="B-9"))
    do(forgettable, somebody, partial(rename, name="gone"))
    for _ in range(2):
        with pytest.raises(Tombstoned):
            log.commands(asked("again"))(forgettable, uuid4(), partial(join, name="Bob", badge="B-9"))


def test_c13_tombstones_hold_after_the_claim_key_was_rotated(store: Store) -> None:
    keys, badge = MemoryKeys(), ("badge", "B-9")
    log = EventLog("testing", store, keys, BadgeFacts)
    somebody, do = uuid4(), log.commands(me)
    do(forgettable, somebody, partial(join, name="Ada", badge="B-9"))
    do(forgettable, somebody, partial(rename, name="gone"))
    keys.rotate_claim_key(notice_s=0)
    assert log.tombstoned([badge]) == {badge}
    with pytest.raises(Tombstoned):
        do(forgettable, uuid4(), partial(join, name="Bob", badge="B-9"))
    do(forgettable, uuid4(), partial(join, name="back", badge="B-9"))
    assert log.tombstoned([badge]) == set()


def test_claims_are_read_after_any_number_of_appends(log: EventLog) -> None:
    joined(log, badge="B-3")
    assert [each.type.split(".")[2] for each in log.read(None, 10)].count("badge-claimed") == 1


def test_a_timer_is_scheduled_moved_and_cancelled_with_the_fact(log: EventLog) -> None:
    stream, due = joined(log), datetime(2030, 1, 1, tzinfo=UTC)
    do = log.commands(me)
    for moment in (due, due + timedelta(days=1), None):
        do(members, stream, partial(plan_renewal, due_at=moment))
        assert _timers(log, stream) == ({"renew": moment} if moment else {})


def _timers(log: EventLog, stream: UUID) -> dict[str, datetime]:
    if isinstance(log.store, MemoryStore):
        return {name: due for (owner, name), (due, _) in log.store.timers.items() if owner == stream}
    assert isinstance(log.store, PostgresStore)
    with log.store.database.connection() as connection:
        return dict(connection.execute("SELECT name, due_at FROM timers WHERE stream = %s", (stream,)).fetchall())


def test_c11_as_of_and_as_known_at_are_different_questions(log: EventLog) -> None:
    stream, opened = uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    do = log.commands(me)
    do(members, stream, partial(join, name="Ada"), occurred_at=opened)
    do(members, stream, partial(rename, name="Bea"), occurred_at=opened + timedelta(days=2))
    do(members, stream, partial(rename, name="Cleo"), occurred_at=opened + timedelta(days=1))
    recorded = [each.recorded_at for each in log.stream(stream)]
    assert log.get(members, stream, as_of=opened + timedelta(days=1)).state.name == "Cleo"
    assert log.get(members, stream, as_of=opened).state.name == "Ada"
    assert log.get(members, stream, as_known_at=recorded[1]).state.name == "Bea"
    with pytest.raises(Unknown):
        log.get(members, stream, as_of=opened - timedelta(seconds=1))


def test_a_time_that_no_reader_could_read_is_refused(log: EventLog) -> None:
    before_year_one = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=10)))
    with pytest.raises(Rejected, match="too far in the past"):
        log.commands(me).execute(members, uuid4(), partial(join, name="Ada"), occurred_at=before_year_one)
    long_ago = datetime(1, 1, 2, tzinfo=UTC)
    log.commands(me).execute(members, uuid4(), partial(join, name="Ada"), occurred_at=long_ago)
    assert [each.occurred_at for each in log.read(None, 10)] == [long_ago]


def test_a_time_before_the_beginning_or_in_the_future_is_refused(log: EventLog) -> None:
    stream, opened = uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    log.commands(me).execute(members, stream, partial(join, name="Ada"), occurred_at=opened)
    for moment in (opened - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)):
        with pytest.raises(Rejected) as refusal:
            log.commands(me).execute(members, stream, count, occurred_at=moment)
        assert refusal.value.field == "occurred_at"


def test_i4_a_page_never_splits_an_append(log: EventLog) -> None:
    for _ in range(3):
        log.commands(me).execute(members, joined(log), partial(count, times=4))
    read, after = [], None
    while page := log.read(after, 2):
        assert page[-1].append_id not in {each.append_id for each in log.read(page[-1].position, 1)}
        read += page
        after = page[-1].position
    assert len(read) == 15
    ids = [each.append_id for each in read]
    assert len(set(ids)) == sum(1 for n, each in enumerate(ids) if n == 0 or ids[n - 1] != each)


def test_a_command_may_only_decide_facts_of_its_aggregate(log: EventLog) -> None:
    with pytest.raises(TypeError, match="not a fact of"):
        log.commands(me).execute(members, joined(log), lambda _: BadgeFacts.claimed(kind="x", holder=uuid4()))


def test_facts_decided_together_carry_following_versions(log: EventLog) -> None:
    stream = joined(log)
    log.commands(me).execute(members, stream, partial(count, times=3))
    assert [type(each.fact) for each in log.stream(stream)][1:] == [MemberCounted] * 3


def test_an_id_of_something_else_is_no_such_thing(log: EventLog) -> None:
    other: Aggregate[object, object] = Aggregate("badge", BadgeFacts.claimed, lambda _, fact: fact, about=None)
    stream = joined(log)
    with pytest.raises(Unknown, match="no such badge"):
        log.get(other, stream)
    with pytest.raises(Unknown, match="no such badge"):
        log.commands(me).execute(other, stream, lambda _: None)


def test_a_version_of_what_does_not_exist_is_unknown(log: EventLog) -> None:
    with pytest.raises(Unknown):
        log.commands(me).execute(members, uuid4(), count, 3)


def test_an_excerpt_finds_what_is_about_some_contacts_and_goes_on_where_it_ended(store: Store, log: EventLog) -> None:
    ada, bob = uuid4(), uuid4()
    for contact in (ada, bob, bob, ada, bob, ada):
        joined(log, contact=contact)
    found, after, pages = [], None, 0
    while True:
        part = store.excerpt([ada], after, most=2, window=2)
        found += part.facts
        pages += 1
        if part.next is None:
            break
        after = part.next
    assert [each.contact_ids for each in found] == [(ada,)] * 3
    assert pages == 4  # the last window was full, so it could not know
    assert [len(store.excerpt([ada, bob], None, most=most, window=100).facts) for most in (4, 6, 9)] == [4, 6, 6]
    assert store.excerpt([ada, bob], None, most=6, window=100).next is None
    assert store.excerpt([uuid4()], None, most=5, window=100) == store.excerpt(
        [ada], found[-1].position, most=5, window=9
    )


@pytest.mark.parametrize(("most", "window"), [(1, 1), (1, 100), (2, 3), (2, 100), (5, 4)])
def test_an_excerpt_in_parts_lacks_nothing(store: Store, log: EventLog, most: int, window: int) -> None:
    ada, bob = uuid4(), uuid4()
    for contact in (ada, ada, bob, ada, bob, bob, ada, ada):
        joined(log, contact=contact)
    part = store.excerpt([ada], None, most=most, window=window)
    found = [*part.facts]
    while part.next is not None:
        part = store.excerpt([ada], part.next, most=most, window=window)
        found += part.facts
    assert found == [each for each in log.read(None, 100) if ada in each.contact_ids]


def test_facts_of_one_append_stand_in_the_order_in_which_they_were_decided(log: EventLog) -> None:
    streams = sorted((uuid4() for _ in range(6)), reverse=True)
    steps = [Step(members, each, partial(join, name="Ada")) for each in streams]
    log.commands(me).execute_together(*steps, Step(members, streams[0], count))
    read = [(each.stream, each.version) for each in log.read(None, 100)]
    assert read == [*((each, 1) for each in streams), (streams[0], 2)]


def test_c11_steps_of_one_append_may_have_happened_at_different_times(log: EventLog) -> None:
    then = datetime(2020, 1, 1, tzinfo=UTC)
    first, second = uuid4(), uuid4()
    log.commands(me).execute_together(
        Step(members, first, partial(join, name="Ada"), occurred_at=then),
        Step(members, second, partial(join, name="Bea"), occurred_at=then + timedelta(days=1)),
    )
    assert [log.stream(each)[0].occurred_at for each in (first, second)] == [then, then + timedelta(days=1)]
    with pytest.raises(Rejected, match="future"):
        later = datetime.now(UTC) + timedelta(days=1)
        log.commands(me).execute_together(Step(members, uuid4(), partial(join, name="C"), occurred_at=later))
