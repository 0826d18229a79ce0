"""All ids of the people of some accounts, for lists that are kept by contact id."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from crm.chassis.projection import Db
from crm.contacts.belonging import people_of
from crm.contacts.views import aliases


def staff_of(db: Db, accounts: Iterable[UUID], *, on: date | None = None) -> list[UUID]:
    """Under which ids the people are known who belong to some accounts on a day; without one: who ever did (C8)."""
    named = {each.contact_id for each in people_of(db, accounts, on=on)}
    canonical: set[UUID] = set()
    while named:
        holders = {each.alias: each.holder for each in aliases.select(db, "alias = ANY(%s)", (list(named),))}
        canonical |= named - holders.keys()
        named = set(holders.values()) - canonical
    below = aliases.below(db, canonical)
    return sorted(canonical.union(*below.values()))
