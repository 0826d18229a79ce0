"""Looking contacts up in the log itself, so that the answer is never stale: by id, through aliases, by identifier."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Erased, Moved, Unknown
from crm.chassis.log import EventLog
from crm.chassis.people.identity import Identifier
from crm.contacts.contact import Contact, contacts, writable


@dataclass(frozen=True)
class Found:
    """A contact under its canonical id."""

    contact_id: UUID
    contact: Contact
    version: int
    token: str


def find(
    log: EventLog, contact_id: UUID, *, as_of: datetime | None = None, as_known_at: datetime | None = None
) -> Found:
    """The person behind an id, which may be an alias, now or at a past moment (UTC, C8, C11).

    Raises `Unknown`, and `Erased` also for moments before the erasure.
    """
    found = _canonical(log, contact_id)
    if found.contact.erased:
        raise Erased("This person was erased.")
    if as_of is None and as_known_at is None:
        return found
    folded = log.get(contacts, found.contact_id, as_of=as_of, as_known_at=as_known_at)
    return Found(found.contact_id, folded.state, folded.version, folded.token)


def find_erased(log: EventLog, contact_id: UUID) -> Found:
    """The person behind an id, erased or not. Raises `Unknown`."""
    return _canonical(log, contact_id)


def _canonical(log: EventLog, contact_id: UUID) -> Found:
    folded = log.get(contacts, contact_id)
    while folded.state.alias_of is not None:
        contact_id = folded.state.alias_of
        folded = log.get(contacts, contact_id)
    return Found(contact_id, folded.state, folded.version, folded.token)


def find_holder(log: EventLog, identifier: Identifier | None) -> UUID:
    """The contact an identifier names. Raises `Unknown` if it names nobody."""
    holder = log.holder(identifier.kind, identifier.match_key) if identifier else None
    if holder is None:
        raise Unknown("Nobody is known by this.")
    return _canonical(log, holder).contact_id


def concerning(log: EventLog, contact_id: UUID, expected: int | None, command: Command) -> Command:
    """A command on another stream that is refused unless something may be recorded about this contact now.

    The refusal belongs to the command, so that a repeated request gets the answer of the first. `expected` is the
    contact's version that the caller has seen.
    """
    contact, version = _as_it_is(log, contact_id)

    def decide(state: Any) -> Any:
        writable(contact)
        if expected is not None and expected != version:
            raise Moved(expected, version)
        return command(state)

    return decide


def find_if_known(log: EventLog, contact_id: UUID) -> Contact | None:
    """What is recorded under exactly this id; None if nothing is."""
    return _as_it_is(log, contact_id)[0]


def _as_it_is(log: EventLog, contact_id: UUID) -> tuple[Contact | None, int]:
    try:
        folded = log.get(contacts, contact_id)
    except Unknown:
        return None, 0
    return folded.state, folded.version
