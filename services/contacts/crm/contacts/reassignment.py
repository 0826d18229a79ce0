"""Reassigning an item that came in without an identifier while two contacts were merged (C9). Rules; no I/O."""

from collections.abc import Collection
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate, Rejected
from crm.events.merging import ItemReassigned, ReassignmentFact

_STREAMS = UUID("3c1f7d2a-4f0e-4f7b-9d55-8f1f0a6b2e10")


class Reassignment(Struct, frozen=True):
    """Whose an item is, and under whose id its facts stand."""

    of: UUID
    owner: UUID


def reassignment_stream(item: UUID) -> UUID:
    """Where it is recorded whose an item is."""
    return uuid5(_STREAMS, str(item))


def reassign(
    known: Reassignment | None, *, item: UUID, of: UUID, to: UUID, merge_id: UUID, among: Collection[UUID]
) -> ItemReassigned | None:
    """Hands an item to one of those who were merged. `of` is the id its facts stand under."""
    if to not in among:
        raise Rejected("An item can go to one of the contacts that were merged.", field="to")
    owner = known.owner if known else of
    return ItemReassigned(item=item, of=of, to=to, merge_id=merge_id) if owner != to else None


def evolve(_: Reassignment | None, fact: ReassignmentFact) -> Reassignment:
    return Reassignment(fact.of, fact.to)


reassignments = Aggregate("reassignment", ReassignmentFact, evolve, about=lambda _, known: (known.of, known.owner))
