"""Items that a person handed to another contact after an unmerge (C9).

The history keeps every item under the id its facts name; what was reassigned is taken into account when it is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crm.chassis.projection import Db, View
from crm.events import Recorded
from crm.events.merging import ItemReassigned


@dataclass(frozen=True)
class Reassigned:
    """An item that belongs to another contact than its facts name."""

    item: UUID
    recorded_under: UUID
    owner: UUID
    merge_id: UUID


reassigned = View("reassigned", Reassigned, key="item", indexes=("recorded_under", "owner"))


@reassigned.on(ItemReassigned, keys=lambda e: e.fact.item)
def hand_over(_: Reassigned | None, e: Recorded[ItemReassigned]) -> Reassigned | None:
    f = e.fact
    return Reassigned(f.item, f.of, f.to, f.merge_id) if f.to != f.of else None


@dataclass(frozen=True)
class Walk:
    """One walk along the history: the items under an id for which a condition holds; they are shown as `owner`'s."""

    contact_id: UUID
    owner: UUID
    condition: str = "true"
    params: tuple[Any, ...] = ()


def walks(db: Db, ids: Sequence[UUID]) -> Iterator[Walk]:
    """Where the items of a person with these ids are: under each id, but for those that are another's by now."""
    moved = reassigned.select(db, "recorded_under = ANY(%s) OR owner = ANY(%s)", (list(ids), list(ids)))
    for each in ids:
        gone = [row.item for row in moved if row.recorded_under == each and row.owner not in ids]
        yield Walk(each, each, "stream <> ALL(%s)", (gone,)) if gone else Walk(each, each)
    for row in moved:
        if row.owner in ids and row.recorded_under not in ids:
            yield Walk(row.recorded_under, row.owner, "stream = %s", (row.item,))
