"""Aliases: several ids of one person. Every service folds them from the facts of contacts, and resolves in queries."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.projection import View
from crm.chassis.projection.query import Db
from crm.events import Recorded
from crm.events.contacts import ContactIdentified

LONGEST_CHAIN = 100
"""A chain A -> B -> C is followed so far; the rules of contacts allow no cycle (C8)."""


@dataclass(frozen=True)
class Alias:
    """An id that stands for another one."""

    alias: UUID
    holder: UUID
    since: datetime


class Aliases(View[Alias]):
    """Which ids stand for which. Rows are kept by the original id, so that an unmerge is one row's change."""

    def __init__(self) -> None:
        super().__init__("aliases", Alias, key="alias", indexes=("holder",))
        self.on(ContactIdentified)(point)

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


def point(_: Alias | None, e: Recorded[ContactIdentified]) -> Alias:
    return Alias(e.stream, e.fact.holder, e.recorded_at)
