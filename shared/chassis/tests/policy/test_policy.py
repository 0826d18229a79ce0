"""Policies act once per fact, and side effects happen at most once, whatever is repeated or killed."""

from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from crm.chassis.decider import Command
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, MemoryStore
from crm.chassis.policy import Policy, PolicyCommands, perform
from crm.chassis.runtime import Runtime
from crm.chassis.testing.facts import (
    BadgeFacts,
    Member,
    MemberCounted,
    MemberJoined,
    MemberRenamed,
    count,
    join,
    members,
    rename,
)
from crm.events import Fact, Recorded


@pytest.fixture
def log() -> EventLog:
    return EventLog("testing", MemoryStore(), MemoryKeys(), BadgeFacts)


def runtime(log: EventLog) -> Runtime:
    return cast(Runtime, SimpleNamespace(log=log))


def joined(log: EventLog) -> Recorded[Fact]:
    stream = uuid4()
    log.commands(Context("user:ada", channel="phone")).execute(members, stream, partial(join, name="Ada"))
    return log.stream(stream)[0]


def test_a_policy_answers_with_commands_caused_by_the_fact(log: EventLog) -> None:
    policy = Policy("counting")

    @policy.whenever(MemberJoined)
    def count_them(e: Recorded[MemberJoined], do: Commands) -> None:
        do(members, e.stream, count)

    e = joined(log)
    policy.answer(e, runtime(log))
    counted = log.stream(e.stream)[1]
    assert (counted.actor, counted.causation_id, counted.correlation_id, counted.channel) == (
        "policy:counting",
        e.event_id,
        e.correlation_id,
        "phone",
    )


def test_p2_a_repeated_fact_is_answered_once_each_command_for_itself(log: EventLog) -> None:
    policy = Policy("counting")

    @policy.whenever(MemberJoined)
    def twice(e: Recorded[MemberJoined], do: Commands) -> None:
        do(members, e.stream, count)
        do(members, e.stream, count)

    e = joined(log)
    for _ in range(3):
        policy.answer(e, runtime(log))
    assert log.get(members, e.stream).state.count == 2


def test_p2_a_command_with_a_time_of_its_own_is_marked_as_well(log: EventLog) -> None:
    policy = Policy("counting")
    e = joined(log)

    @policy.whenever(MemberJoined)
    def count_as_of_then(e: Recorded[MemberJoined], do: Commands) -> None:
        do(members, e.stream, count, occurred_at=e.occurred_at)

    for _ in range(2):
        policy.answer(e, runtime(log))
    assert log.get(members, e.stream).state.count == 1


def test_a_refused_command_is_marked_and_does_not_stop_the_rule(log: EventLog) -> None:
    policy = Policy("joining")
    answers: list[Any] = []

    @policy.whenever(MemberJoined)
    def join_again(e: Recorded[MemberJoined], do: PolicyCommands) -> None:
        answers.append(do.try_(members, e.stream, partial(join, name="Eve")))
        do(members, e.stream, partial(rename, name="Bea"))

    e = joined(log)
    policy.answer(e, runtime(log))
    policy.answer(e, runtime(log))
    assert [str(each) for each in answers] == ["This member joined already."] * 2
    assert log.get(members, e.stream).state.name == "Bea"


class Sender:
    """Hands off by counting, sends, and records the result as a new name; may be killed in between."""

    def __init__(self, log: EventLog) -> None:
        self.log, self.sent, self.dies = log, 0, False

    def send(self, e: Recorded[Fact], do: Commands) -> None:
        perform(do, members, e.stream, hand_off=self.hand_off, call=self.call, unknown=self.unknown)

    def hand_off(self, member: Member | None) -> tuple[MemberCounted, ...] | None:
        assert member
        return count(member) if member.count == 0 else None

    def call(self) -> Command:
        self.sent += 1
        if self.dies:
            raise SystemExit
        return partial(rename, name="Sent")

    def unknown(self, member: Member | None) -> MemberRenamed | None:
        assert member
        return rename(member, name="Unknown") if member.name != "Sent" else None


def name_of(log: EventLog, stream: UUID) -> str:
    return log.get(members, stream).state.name


def test_m15_a_side_effect_happens_once_and_its_result_is_recorded(log: EventLog) -> None:
    sender, policy, e = Sender(log), Policy("sending"), joined(log)
    policy.whenever(MemberJoined)(sender.send)
    policy.answer(e, runtime(log))
    policy.answer(e, runtime(log))
    assert (sender.sent, name_of(log, e.stream)) == (1, "Sent")


def test_m15_killed_between_hand_off_and_result_it_is_unknown_and_not_repeated(log: EventLog) -> None:
    sender, policy, e = Sender(log), Policy("sending"), joined(log)
    policy.whenever(MemberJoined)(sender.send)
    sender.dies = True
    with pytest.raises(SystemExit):
        policy.answer(e, runtime(log))
    sender.dies = False
    policy.answer(e, runtime(log))
    assert (sender.sent, name_of(log, e.stream)) == (1, "Unknown")
