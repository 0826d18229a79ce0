"""An audience: whom of the persons known here a campaign is meant for; each once, under the canonical id (C8)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm.campaigns.people import CHANNEL, aliases, known_contacts, permissions, persons
from crm.chassis.database import Database
from crm.chassis.paging import Page, PageRequest
from crm.chassis.people.known import KnownContact
from crm.events.campaigns import Audience


def members_after(db: Database, audience: Audience, through: UUID | None, limit: int) -> list[KnownContact]:
    """The next members in order of their ids, behind the last one that was looked at."""
    where, params = _matching(db, audience)
    if through is not None:
        where, params = f"{where} AND contact_id > %s", [*params, through]
    return persons(db, known_contacts.select(db, where, params, order_by="contact_id", limit=limit))


def members(db: Database, audience: Audience, page: PageRequest) -> Page[KnownContact]:
    """A part of the audience as it would be now."""
    where, params = _matching(db, audience)
    found = known_contacts.page(db, where, params, order_by="contact_id", page=page)
    return Page(tuple(persons(db, found.items)), found.next)


def size(db: Database, audience: Audience) -> int:
    """How many there would be now."""
    where, params = _matching(db, audience)
    statement = f'SELECT count(*) FROM {known_contacts.table.name} AS "{known_contacts.family}" WHERE {where}'
    with db.connection() as connection:
        row = connection.execute(statement.encode(), params).fetchone()
    return row[0] if row else 0


def _matching(db: Database, audience: Audience) -> tuple[str, list[Any]]:
    """The members as an SQL condition and its parameters. Erased people are in no audience."""
    conditions, params = ["NOT erased", f"contact_id NOT IN (SELECT alias FROM {aliases.table.name})"], list[Any]()
    if audience.contacts:
        conditions.append("contact_id = ANY(%s)")
        params.append(_canonical(db, audience.contacts))
    of_rows: list[tuple[str, str]] = []
    if audience.country is not None:
        of_rows.append(("address ->> 'country' = %s", audience.country))
    if audience.name_contains is not None:
        of_rows.append(("name ILIKE %s", f"%{_literally(audience.name_contains)}%"))
    for condition, value in of_rows:
        conditions.append(f"({condition} OR contact_id IN ({aliases.above(known_contacts.table.name, condition)}))")
        params += [value, value]
    if audience.consent is not None:
        said, granted = permissions.table.name, "channel = %s AND purpose = %s AND granted"
        own = f"SELECT contact_id FROM {said} WHERE {granted}"
        conditions.append(f"(contact_id IN ({own}) OR contact_id IN ({aliases.above(said, granted)}))")
        params += [CHANNEL, audience.consent] * 2
    return " AND ".join(conditions), params


def _canonical(db: Database, contacts: Sequence[UUID]) -> list[UUID]:
    return sorted({aliases.resolve(db, each) for each in contacts})


def _literally(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
