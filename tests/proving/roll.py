"""What the state machine is about: members, their erasure, a roll of them, and the timeline of each contact."""

from dataclasses import dataclass, replace
from typing import assert_never
from uuid import UUID

from msgspec import Struct

from crm.chassis.decider import Aggregate
from crm.chassis.projection import Subject, View
from crm.chassis.testing.facts import MemberCounted, MemberJoined, MemberRenamed
from crm.events import Fact, Personal, Recorded
from crm.events.contacts import ContactErased


class Person(Struct, frozen=True):
    erased: bool = False


def erase(person: Person | None) -> ContactErased:
    return ContactErased()


def evolve(person: Person | None, fact: ContactErased) -> Person:
    match fact:
        case ContactErased():
            return Person(erased=True)
        case _:
            assert_never(fact)


persons = Aggregate("contact", ContactErased, evolve, about=lambda stream, _: {stream})


@dataclass(frozen=True)
class Entry:
    member: UUID
    contact: Subject
    name: Personal[str]
    counted: int = 0
    version: int = 1


@dataclass(frozen=True)
class Item:
    contact_id: UUID
    service: str
    stream: UUID
    version: int
    type: str


def a_roll(service: str, sick: set[UUID]) -> View[Entry]:
    """One row per member. Facts of `sick` streams fail."""
    roll = View("roll", Entry, key="member", services=(service,))

    @roll.on_any(keys=lambda e: [] if isinstance(e.fact, ContactErased) else [e.stream])
    def note(entry: Entry | None, e: Recorded[Fact]) -> Entry | None:
        if e.stream in sick:
            raise ValueError
        match e.fact:
            case MemberJoined(name=name):
                return Entry(e.stream, e.contact_ids[0], name)
            case MemberRenamed(name=name):
                assert entry
                return replace(entry, name=name, version=e.version)
            case MemberCounted(count=count):
                assert entry
                return replace(entry, counted=count, version=e.version)
        return entry

    return roll


def a_timeline(service: str) -> View[Item]:
    """Everything about each contact, as the unified history has it."""
    timeline = View("timeline", Item, key=("contact_id", "service", "stream", "version"), services=(service,))

    @timeline.on_any(keys=lambda e: [(contact, service, e.stream, e.version) for contact in e.contact_ids])
    def add(_: Item | None, e: Recorded[Fact], key: tuple[UUID, str, UUID, int]) -> Item:
        return Item(*key, e.type)

    return timeline
