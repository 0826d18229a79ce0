"""Settling what changes several contacts at once: read, prepare, append together; again if others were faster.

What was read is decided on: if it has changed when it is appended, all of it is read and decided again.
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from crm.chassis.decider import Command, Rejected, refusing
from crm.chassis.log import Commands, Conflict, EventLog, Step, Written
from crm.contacts.contact import Contact, contacts, present
from crm.contacts.family import Family
from crm.contacts.lookup import find_erased

ATTEMPTS = 5
"""How often a change is prepared anew while others change the same people."""


def living(log: EventLog, contact_id: UUID) -> Family:
    """The person behind an id. Raises `Unknown` and `Erased`."""
    family = find_erased(log, contact_id).family
    present(family.contact)
    return family


def settle(do: Commands, contact_id: UUID, prepare: Callable[[], Iterable[Step]]) -> Written:
    """Executes what is prepared; prepared anew while others change the same people. Raises `Conflict` in the end.

    A refusal while preparing belongs to the command, so that a repeated request gets the answer of the first.
    """
    failure = Conflict("Others are changing these contacts at the same moment. Try again.")
    for _ in range(ATTEMPTS):
        try:
            steps = tuple(prepare())
        except Rejected as refusal:
            steps = (Step(contacts, contact_id, refusing(refusal)),)
        try:
            return do.execute_together(*steps)
        except Conflict as conflict:
            failure = conflict
    raise failure


def as_read(read: Contact, command: Command) -> Command:
    """A command that holds only for the state that was read to prepare it. Raises `Conflict` for another."""

    def decide(state: Contact | None) -> Any:
        if state != read:
            raise Conflict("This contact has changed while this was prepared.")
        return command(state)

    return decide


def nothing(_: Contact | None) -> None:
    """What a contact that only has to be as it was read decides."""
