"""Items that a person handed to another contact after an unmerge (C9).

The history keeps every item under the id its facts name; what was reassigned is taken into account when it is read.
"""

from collections.abc import Collection
from dataclasses import dataclass
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


def moves(db: Db, ids: Collection[UUID]) -> tuple[dict[tuple[UUID, UUID], UUID], list[UUID]]:
    """What was handed to these ids: whose it is, by the id and the item its facts name. And which items they lost."""
    every = list(ids)
    moved = reassigned.select(db, "recorded_under = ANY(%s) OR owner = ANY(%s)", (every, every))
    come = {(e.recorded_under, e.item): e.owner for e in moved if e.owner in ids and e.recorded_under not in ids}
    return come, [e.item for e in moved if e.recorded_under in ids and e.owner not in ids]
