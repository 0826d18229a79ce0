"""A small aggregate for the tests of the chassis: a membership with a personal name, a claimed badge and a timer."""

from datetime import datetime
from functools import partial
from typing import TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.chassis.log import ClaimFacts
from crm.events import Fact, Personal, catalogue, type_of


class MemberJoined(Fact, frozen=True, tag="crm.testing.member-joined.v1"):
    summary = "{name} joined"
    name: Personal[str]
    badge: str | None = None
    contact: UUID | None = None


class MemberRenamed(Fact, frozen=True, tag="crm.testing.member-renamed.v1"):
    summary = "Renamed to {name}"
    name: Personal[str]


class MemberCounted(Fact, frozen=True, tag="crm.testing.member-counted.v1"):
    summary = "Counted to {count}"
    count: int


class RenewalPlanned(Fact, frozen=True, tag="crm.testing.renewal-planned.v1"):
    summary = "Renewal due at {due_at}"
    due_at: datetime | None


class BadgeClaimed(Fact, frozen=True, tag="crm.testing.badge-claimed.v1"):
    summary = "{kind} claimed by {holder}"
    kind: str
    holder: UUID


class BadgeReleased(Fact, frozen=True, tag="crm.testing.badge-released.v1"):
    summary = "{kind} released by {holder}"
    kind: str
    holder: UUID


class BadgeTombstoned(Fact, frozen=True, tag="crm.testing.badge-tombstoned.v1"):
    summary = "{kind} of {holder} is remembered as erased"
    kind: str
    holder: UUID


MemberFact: TypeAlias = MemberJoined | MemberRenamed | MemberCounted | RenewalPlanned
BadgeFacts = ClaimFacts(BadgeClaimed, BadgeReleased, BadgeTombstoned)

for _each in (MemberJoined, MemberRenamed, MemberCounted, RenewalPlanned, BadgeClaimed, BadgeReleased, BadgeTombstoned):
    catalogue.BY_TYPE[type_of(_each)] = _each


class Member(Struct, frozen=True):
    name: str
    badge: str | None
    contact: UUID | None
    count: int = 0
    renewal: datetime | None = None


def join(member: Member | None, *, name: str, badge: str | None = None, contact: UUID | None = None) -> MemberJoined:
    if member is not None:
        raise Rejected("This member joined already.")
    return MemberJoined(name=name, badge=badge, contact=contact)


def rename(member: Member | None, *, name: str) -> MemberRenamed | None:
    if member is None:
        raise Unknown("There is no such member.")
    return MemberRenamed(name=name) if name != member.name else None


def count(member: Member | None, *, times: int = 1) -> tuple[MemberCounted, ...]:
    if member is None:
        raise Unknown("There is no such member.")
    return tuple(MemberCounted(count=member.count + n + 1) for n in range(times))


def plan_renewal(member: Member | None, *, due_at: datetime | None) -> RenewalPlanned:
    return RenewalPlanned(due_at=due_at)


def evolve(member: Member | None, fact: MemberFact) -> Member:
    match fact:
        case MemberJoined(name=name, badge=badge, contact=contact):
            return Member(name, badge, contact)
        case MemberRenamed(name=name):
            assert member
            return replace(member, name=name)
        case MemberCounted(count=number):
            assert member
            return replace(member, count=number)
        case RenewalPlanned(due_at=due_at):
            assert member
            return replace(member, renewal=due_at)
        case _:
            assert_never(fact)


members = Aggregate(
    "member",
    MemberFact,
    evolve,
    about=lambda stream, member: {member.contact} if member.contact else {stream},
    claims=lambda member: {("badge", member.badge)} if member.badge else set(),
    timers=lambda member: {"renew": member.renewal} if member.renewal else {},
)

join_as = partial(join, name="Ada")
