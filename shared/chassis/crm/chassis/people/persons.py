"""Persons: what a service knows of somebody under all ids together, by the choices that contacts made (C6, C8)."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from crm.chassis.people.aliases import Aliases
from crm.chassis.people.known import KnownContact, KnownContacts
from crm.chassis.projection.query import Db


def as_persons(db: Db, known: KnownContacts, aliases: Aliases, rows: Sequence[KnownContact]) -> list[KnownContact]:
    """Rows of canonical contacts with the addresses and numbers of all ids, and the values that were chosen."""
    below = aliases.below(db, [each.contact_id for each in rows])
    if not below:
        return list(rows)
    ids = list(chain.from_iterable(below.values()))
    absorbed = {each.contact_id: each for each in known.select(db, "contact_id = ANY(%s)", (ids,))}
    return [compose(each, (absorbed[id] for id in below.get(each.contact_id, ()) if id in absorbed)) for each in rows]


def compose(own: KnownContact, absorbed: Iterable[KnownContact]) -> KnownContact:
    """One person of several contacts; erased ones have nothing left to give."""
    rows = {each.contact_id: each for each in (own, *absorbed) if not each.erased}
    if own.erased or len(rows) == 1:
        return own

    def counting(field: str, value: Callable[[KnownContact], Any]) -> Any:
        values = {contact_id: value(each) for contact_id, each in rows.items()}
        chosen = own.merges.chosen(field, own.contact_id, lambda id: bool(values.get(id)))
        return values[chosen] if chosen is not None else next(filter(None, values.values()), value(own))

    email = counting("primary_email", lambda each: each.emails[:1])
    phone = counting("primary_phone", lambda each: each.phones[:1])
    return replace(
        own,
        name=counting("name", lambda each: each.name),
        address=counting("address", lambda each: each.address),
        emails=tuple(dict.fromkeys(chain(email, *(each.emails for each in rows.values())))),
        phones=tuple(dict.fromkeys(chain(phone, *(each.phones for each in rows.values())))),
    )
