"""Writing about a value goes to the stream of the id that holds it, so that an unmerge leaves it there (C8)."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias
from uuid import UUID

from msgspec.structs import replace

from crm.chassis.decider import Command, Rejected
from crm.chassis.log import EventLog, Step
from crm.contacts.contact import Contact, contacts
from crm.contacts.family import Family
from crm.contacts.merger import choose
from crm.contacts.settling import as_read, living, nothing

Holds: TypeAlias = Callable[[Contact], Any]
"""Whether a contact itself has the value that a command is about."""


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
    """The steps of a command about a value: on the canonical contact, or on the absorbed one that holds it.

    What `adds` a value that the person has already changes nothing. What makes one the first, of the field `primary`,
    makes it the first of its holder, and the holder the one whose first value counts.
    """
    person = _person(log, contact_id)
    holder = next((each for each in person.members() if holds(each.contact)), person) if person else None
    if person is None or holder is None or holder is person:
        yield Step(contacts, contact_id, command, expected)
        return
    chosen = partial(choose, family=person, field=primary, source=holder.contact_id) if primary else nothing
    yield Step(contacts, contact_id, as_read(person.contact, chosen), expected)
    yield Step(contacts, holder.contact_id, as_read(holder.contact, nothing if adds else for_person(command)))


def everywhere(
    log: EventLog, contact_id: UUID, command: Command, expected: int | None, *, holds: Holds
) -> Iterator[Step]:
    """The steps of a command that takes away what several ids of a person may have: on each that has it."""
    person = _person(log, contact_id)
    others = [each for each in person.members() if each is not person and holds(each.contact)] if person else []
    if person is None or not others:
        yield Step(contacts, contact_id, command, expected)
        return
    own = command if holds(person.contact) else nothing
    yield Step(contacts, contact_id, as_read(person.contact, own), expected)
    for each in others:
        yield Step(contacts, each.contact_id, as_read(each.contact, for_person(command)))


def _person(log: EventLog, contact_id: UUID) -> Family | None:
    """The person with this canonical id. None where the command itself tells why nothing can be recorded."""
    try:
        person = living(log, contact_id)
    except Rejected:
        return None
    return person if person.contact_id == contact_id else None


def for_person(command: Command) -> Command:
    """A command on an absorbed contact, given by the person it belongs to."""

    def decide(contact: Contact | None) -> Any:
        return command(replace(contact, alias_of=None, merge_id=None) if contact else None)

    return decide
