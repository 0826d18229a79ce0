"""Where an interaction came from: who wrote it down, when, through whose address, and from which other system."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.decider import Claim, Command, Rejected, Unknown
from crm.chassis.log import EventLog, Step
from crm.chassis.people.identity import Identifier, email_identifier, phone_identifier, read_phone
from crm.contacts.interaction import interactions
from crm.contacts.lookup import concerning, find_erased
from crm.contacts.reader import Reader, readers_of
from crm.events.interactions import InteractionAmended, InteractionLogged


@dataclass(frozen=True)
class Origin:
    """What the facts of an interaction say beside its text. Times are UTC."""

    contact: UUID
    author: str
    took_place_at: datetime
    readers: str


def origin_of(log: EventLog, interaction: UUID) -> Origin | None:
    """Where an interaction came from; None if there is none under this id."""
    facts = log.stream(interaction)
    if not facts or not isinstance(facts[0].fact, InteractionLogged):
        return None
    first, *later = facts
    took_place_at, visibility = first.occurred_at, facts[0].fact.visibility
    for each in later:
        if isinstance(each.fact, InteractionAmended):
            took_place_at, visibility = each.fact.took_place_at, each.fact.visibility
    readers = readers_of({"visibility": visibility}, first.actor)
    return Origin(facts[0].fact.contact, first.actor, took_place_at, readers)


def concerning_interaction(
    log: EventLog, contact_id: UUID, interaction: UUID, reader: Reader, decide: Callable[[Origin], Command]
) -> Command:
    """A command on an interaction with this contact, refused as unknown unless the reader may see it."""
    origin = origin_of(log, interaction)
    known = origin is not None and reader.sees(origin.readers) and same_person(log, origin.contact, contact_id)
    command = decide(origin) if origin and known else None

    def checked(state: Any) -> Any:
        if command is None:
            raise Unknown("There is no such interaction with this contact.")
        return command(state)

    return concerning(log, contact_id, None, checked)


def coming_through(
    log: EventLog, contact_id: UUID, via: str | None, region: str, decide: Callable[[UUID], Command]
) -> Command:
    """A command about whoever holds an address or number: the id that holds it, also where it is an alias now (C9).

    Refused if it belongs to somebody else; an identifier nobody holds, or none, leaves it with the contact.
    """
    identifier = _read(via, region) if via else None
    holder = log.holder(identifier.kind, identifier.match_key) if identifier else None
    another = holder is not None and not same_person(log, holder, contact_id)
    command = decide(holder or contact_id)

    def checked(state: Any) -> Any:
        if another:
            raise Rejected(f"This address or number belongs to contact {holder}.", field="via")
        return command(state)

    return checked


def logging_once(log: EventLog, new: UUID, contact_id: UUID, record: Claim | None, command: Command) -> Step:
    """Logs an interaction under the id `new`; or what was logged as the same record of another system is told again.

    Refused if that was with somebody else, in whose place nobody would notice that this contact took part.
    """
    logged = log.holder(*record) if record else None
    origin = origin_of(log, logged) if logged else None
    another = None if origin is None or same_person(log, origin.contact, contact_id) else origin.contact

    def checked(state: Any) -> Any:
        if another:
            raise Rejected(f"This was logged with contact {another}, as interaction {logged}.", field="external_id")
        return command(state)

    return Step(interactions, logged or new, checked)


def _read(via: str, region: str) -> Identifier | None:
    return email_identifier(via) if "@" in via else phone_identifier(read_phone(via, region))


def same_person(log: EventLog, one: UUID, other: UUID) -> bool:
    """Whether two ids are of one person."""
    try:
        return one == other or find_erased(log, one).contact_id == find_erased(log, other).contact_id
    except Unknown:
        return False
