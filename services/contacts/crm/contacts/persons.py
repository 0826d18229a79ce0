"""Rows kept by original contact id, read as persons: found by any id, shown under the canonical one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from crm.chassis.people.aliases import LONGEST_CHAIN
from crm.chassis.people.merges import Merges
from crm.chassis.projection import Db, View
from crm.contacts.contact import Contact
from crm.contacts.family import Family


class Row(Protocol):
    """What a row must tell of merges."""

    @property
    def contact_id(self) -> UUID: ...
    @property
    def alias_of(self) -> UUID | None: ...
    @property
    def merges(self) -> Merges: ...


R = TypeVar("R", bound=Row)


def canonical_ids(db: Db, view: View[R], rows: Iterable[R]) -> list[UUID]:
    """The canonical ids of the persons that some rows belong to."""
    found: set[UUID] = set()
    for _ in range(LONGEST_CHAIN):
        rows = list(rows)
        found |= {each.contact_id for each in rows if each.alias_of is None}
        holders = [each.alias_of for each in rows if each.alias_of is not None]
        if not holders:
            break
        rows = view.select(db, "contact_id = ANY(%s)", (holders,))
    return sorted(found)


def families(db: Db, view: View[R], rows: Sequence[R], contact_of: Callable[[R], Contact]) -> dict[UUID, Family]:
    """Who belongs to some canonical rows; rows that absorbed nobody are left out."""
    children: dict[UUID, list[R]] = {}
    latest = [each.contact_id for each in rows if each.merges.in_force]
    while latest:
        absorbed = view.select(db, "alias_of = ANY(%s)", (latest,))
        for each in absorbed:
            children.setdefault(each.alias_of or each.contact_id, []).append(each)
        latest = [each.contact_id for each in absorbed if each.merges.in_force]

    def family(row: R) -> Family:
        order = {contact: at for at, contact in enumerate(row.merges.absorbed)}
        below = sorted(children.get(row.contact_id, ()), key=lambda each: order.get(each.contact_id, len(order)))
        return Family(row.contact_id, contact_of(row), 0, tuple(map(family, below)))

    return {each.contact_id: family(each) for each in rows if each.contact_id in children}
