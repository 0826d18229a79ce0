"""Commands whose steps follow from what is in the log: planned again when the plan fell behind."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.decider import Rejected, Taken
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Conflict, Context, EventLog, Idempotency, MemoryStore, Step
from crm.chassis.testing.facts import BadgeFacts, count, join, members

me = Context(actor="user:ada")


@pytest.fixture
def log() -> EventLog:
    return EventLog("testing", MemoryStore(), MemoryKeys(), BadgeFacts)


def joined(log: EventLog, **more: str) -> UUID:
    stream = uuid4()
    log.commands(me).execute(members, stream, partial(join, name="Ada", **more))
    return stream


def test_a_plan_is_made_again_when_a_stream_has_moved_since_it_was_seen(log: EventLog) -> None:
    stream, plans = joined(log), []

    def plan() -> Sequence[Step]:
        seen = log.get(members, stream).version
        plans.append(seen)
        if len(plans) == 1:
            log.commands(me).execute(members, stream, count)
        return [Step(members, stream, count, seen=seen)]

    assert log.commands(me).execute_planned(plan).version == 3
    assert plans == [1, 2]


def test_a_plan_that_always_falls_behind_ends_as_a_conflict_and_is_not_remembered(log: EventLog) -> None:
    stream = joined(log)
    asked = me.with_(idempotency=Idempotency("user:ada", "key", b"body"))
    with pytest.raises(Conflict):
        log.commands(asked).execute_planned(lambda: [Step(members, stream, count, seen=7)])
    written = log.commands(asked).execute_planned(lambda: [Step(members, stream, count, seen=1)])
    assert (written.version, written.replayed) == (2, False)


def test_who_loses_an_identifier_plans_again_and_may_go_on_with_the_winner(log: EventLog) -> None:
    asked, winners = me.with_(idempotency=Idempotency("user:ada", "key", b"body")), []

    def plan() -> Sequence[Step]:
        holder = log.holder("badge", "b7")
        if holder is None:
            winners.append(joined(log, badge="b7"))
            return [Step(members, uuid4(), partial(join, name="Eve", badge="b7"))]
        return [Step(members, holder, count)]

    assert log.commands(asked).execute_planned(plan).stream == winners[0]
    assert log.get(members, winners[0]).state.count == 1


def test_an_identifier_that_stays_taken_is_refused(log: EventLog) -> None:
    holder = joined(log, badge="b7")
    with pytest.raises(Taken) as refusal:
        log.commands(me).execute_planned(lambda: [Step(members, uuid4(), partial(join, name="Eve", badge="b7"))])
    assert refusal.value.holder == holder


def test_a_refusal_ends_a_plan_at_once(log: EventLog) -> None:
    stream, plans = joined(log), []

    def plan() -> Sequence[Step]:
        plans.append(1)
        return [Step(members, stream, partial(join, name="Ada"))]

    with pytest.raises(Rejected, match="already"):
        log.commands(me).execute_planned(plan)
    assert len(plans) == 1
