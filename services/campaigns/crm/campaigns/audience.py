"""An audience: whom of the contacts known here a campaign is meant for."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crm.campaigns.people import CHANNEL, aliases, known_contacts, permissions
from crm.chassis.database import Database
from crm.chassis.paging import Page, PageRequest
from crm.chassis.people.known import KnownContact
from crm.events.campaigns import Audience


def members_after(db: Database, audience: Audience, through: UUID | None, limit: int) -> list[KnownContact]:
    """The next members in order of their ids, behind the last one that was looked at."""
    where, params = _matching(db, audience)
    if through is not None:
        where, params = f"{where} AND contact_id > %s", [*params, through]
    return known_contacts.select(db, where, params, order_by="contact_id", limit=limit)


def members(db: Database, audience: Audience, page: PageRequest) -> Page[KnownContact]:
    """A part of the audience as it would be now."""
    where, params = _matching(db, audience)
    return known_contacts.page(db, where, params, order_by="contact_id", page=page)


def size(db: Database, audience: Audience) -> int:
    """How many there would be now."""
    where, params = _matching(db, audience)
    statement = f'SELECT count(*) FROM {known_contacts.table.name} AS "{known_contacts.family}" WHERE {where}'
    with db.connection() as connection:
        row = connection.execute(statement.encode(), params).fetchone()
    return row[0] if row else 0


def _matching(db: Database, audience: Audience) -> tuple[str, list[Any]]:
    """The members as an SQL condition and its parameters. Erased people are in no audience."""
    conditions, params = ["NOT erased"], list[Any]()
    if audience.contacts:
        conditions.append("contact_id = ANY(%s)")
        params.append(_canonical(db, audience.contacts))
    if audience.country is not None:
        conditions.append("address ->> 'country' = %s")
        params.append(audience.country)
    if audience.name_contains is not None:
        conditions.append("name ILIKE %s")
        params.append(f"%{_literally(audience.name_contains)}%")
    if audience.consent is not None:
        conditions.append(
            "contact_id IN (SELECT coalesce(holder, said.contact_id) FROM"
            f" {permissions.table.name} AS said LEFT JOIN {aliases.table.name} ON alias = said.contact_id"
            " WHERE channel = %s AND purpose = %s AND granted)"
        )
        params += [CHANNEL, audience.consent]
    return " AND ".join(conditions), params


def _canonical(db: Database, contacts: Sequence[UUID]) -> list[UUID]:
    return sorted({aliases.resolve(db, each) for each in contacts})


def _literally(words: str) -> str:
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
