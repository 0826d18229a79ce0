"""Writing about a value goes to the stream of the id that holds it, so that an unmerge leaves it there (C8)."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from msgspec.structs import replace

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import Commands, EventLog, Step, Written
from crm.chassis.people.merges import Merges
from crm.contacts.contact import Contact, contacts
from crm.contacts.family import Family
from crm.contacts.merger import choose
from crm.contacts.settling import as_read, living, nothing, settle
from crm.contacts.survivorship import compose

Holds: TypeAlias = Callable[[Contact], Any]
"""Whether a contact itself has the value that a command is about."""


def write_where_held(
    do: Commands,
    log: EventLog,
    contact_id: UUID,
    command: Command,
    expected: int | None,
    *,
    holds: Holds,
    adds: bool = False,
    primary: str | None = None,
) -> Written:
    """Settles the steps of `routed`. Raises `Conflict` for another version than expected, and as `settle` does."""
    steps = partial(routed, log, contact_id, command, expected, holds=holds, adds=adds, primary=primary)
    return settle(do, contact_id, steps)


def routed(
    log: EventLog,
    contact_id: UUID,
    command: Command,
    expected: int | None,
    *,
    holds: Holds,
    adds: bool = False,
    primary: str | None = None,
) -> Iterator[Step]:
    """The steps of a command about a value: on each id of the person that holds it, else on the canonical contact.

    What `adds` a value that the person has already changes nothing. What makes one the first, of the field `primary`,
    makes it the first of its holder, and the holder the one whose first value counts.
    """
    person = _person(log, contact_id)
    holders = [each for each in person.members() if holds(each.contact)] if person else []
    if person is None or holders in ([], [person]):
        yield Step(contacts, contact_id, command, expected)
        return
    first = holders[0]
    if adds or primary:
        holders = [first]
    chosen = partial(choose, family=person, field=primary, source=first.contact_id) if primary else nothing
    own = command if first is person else chosen
    yield Step(contacts, contact_id, as_read(person.contact, own), expected)
    for each in holders:
        if each is not person:
            yield Step(contacts, each.contact_id, as_read(each.contact, nothing if adds else _for_person(command)))


def taken_away(log: EventLog, contact_id: UUID, command: Command, holds: Holds) -> Iterator[Step]:
    """The steps that take a value away from the absorbed ids of a person, where it would show up again."""
    person = _person(log, contact_id)
    for each in person.members() if person else ():
        if each is not person and holds(each.contact):
            yield Step(contacts, each.contact_id, as_read(each.contact, _for_person(command)))


def to_whole(log: EventLog, contact_id: UUID, command: Command) -> Step:
    """The step of a command that adds to what is known: decided on what all ids of the person have together.

    For a canonical id. What is new is recorded on it; what an absorbed id has already is so.
    """
    person = _person(log, contact_id)
    if person is None or not person.absorbed:
        return Step(contacts, contact_id, command)
    whole = replace(compose(person).contact, merges=Merges())
    return Step(contacts, contact_id, as_read(person.contact, lambda _: command(whole)))


def _person(log: EventLog, contact_id: UUID) -> Family | None:
    """The person with this canonical id. None where the command itself tells why nothing can be recorded."""
    try:
        person = living(log, contact_id)
    except Rejected:
        return None
    return person if person.contact_id == contact_id else None


def _for_person(command: Command) -> Command:
    """A command on an absorbed contact, given by the person it belongs to."""

    def decide(contact: Contact | None) -> Any:
        return command(replace(contact, alias_of=None, merge_id=None) if contact else None)

    return decide
