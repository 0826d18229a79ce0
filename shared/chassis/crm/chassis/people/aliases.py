"""Aliases: several ids of one person. Every service folds them from the facts of contacts, and resolves in queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.projection import View
from crm.chassis.projection.query import Db
from crm.events import Recorded
from crm.events.contacts import ContactIdentified
from crm.events.merging import ContactAbsorbed, ContactRestored

LONGEST_CHAIN = 100
"""A chain A -> B -> C is followed so far; the rules of contacts allow no cycle (C8)."""


@dataclass(frozen=True)
class Alias:
    """An id that stands for another one, since a moment."""

    alias: UUID
    holder: UUID
    since: datetime


class Aliases(View[Alias]):
    """Which ids stand for which. Rows are kept by the original id, so that an unmerge is one row's change."""

    def __init__(self) -> None:
        super().__init__("aliases", Alias, key="alias", indexes=("holder",))
        self.on(ContactIdentified)(point)
        self.on(ContactAbsorbed)(join)
        self.on(ContactRestored)(leave)

    def resolve(self, db: Db, contact: UUID) -> UUID:
        """The canonical id behind an id: itself, where nothing is known of it."""
        for _ in range(LONGEST_CHAIN):
            alias = self.get(db, contact)
            if alias is None:
                break
            contact = alias.holder
        return contact

    def ids_of(self, db: Db, contact: UUID) -> tuple[UUID, ...]:
        """All ids of the person behind an id, the canonical one first."""
        found = [self.resolve(db, contact)]
        latest = found[:]
        while latest:
            nearer = self.select(db, "holder = ANY(%s)", (latest,), order_by="since")
            latest = [each.alias for each in nearer if each.alias not in found]
            found += latest
        return tuple(found)

    def below(self, db: Db, contacts: Iterable[UUID]) -> dict[UUID, list[UUID]]:
        """By canonical id, the ids that stand for it, at any distance; who has none is left out."""
        canonical = {each: each for each in contacts}
        found: dict[UUID, list[UUID]] = {}
        latest = list(canonical)
        while latest:
            nearer = self.select(db, "holder = ANY(%s)", (latest,), order_by="since")
            latest = [each.alias for each in nearer if each.alias not in canonical]
            for each in nearer:
                if each.alias not in canonical:
                    canonical[each.alias] = canonical[each.holder]
                    found.setdefault(canonical[each.holder], []).append(each.alias)
        return found

    def above(self, table: str, condition: str) -> str:
        """SQL for the ids that aliases stand for, at any distance, which have a row in `table` with this `condition`.

        The table has a column `contact_id`; the condition's columns are its own.
        """
        own = self.table.name
        return (
            f"WITH RECURSIVE above (id) AS (SELECT holder FROM {own} WHERE alias IN"
            f" (SELECT contact_id FROM {table} WHERE {condition})"
            f" UNION SELECT further.holder FROM above JOIN {own} AS further ON further.alias = above.id)"
            " SELECT id FROM above"
        )

    def joined_at(self, db: Db, ids: Iterable[UUID]) -> datetime | None:
        """Since when all these ids of one person stand for each other (UTC); None if there is only one."""
        return max((each.since for each in self.select(db, "alias = ANY(%s)", (list(ids),))), default=None)


def point(_: Alias | None, e: Recorded[ContactIdentified]) -> Alias:
    return Alias(e.stream, e.fact.holder, e.recorded_at)


def join(_: Alias | None, e: Recorded[ContactAbsorbed]) -> Alias:
    return Alias(e.stream, e.fact.survivor, e.recorded_at)


def leave(_: Alias | None, e: Recorded[ContactRestored]) -> None:
    """It stands for itself again."""
