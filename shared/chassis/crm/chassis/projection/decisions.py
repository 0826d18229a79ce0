"""What people decided about parked facts of a view, carried over to the view that is built to take its place."""

from collections.abc import Mapping
from typing import TypeAlias
from uuid import UUID

from crm.chassis.database import Database
from crm.chassis.projection import parking, retrying
from crm.chassis.projection.feed import Feed

_Decisions: TypeAlias = Mapping[tuple[str, UUID | None, int], parking.Parked]
_MOST = 100_000


def carry(database: Database, live: str, built: str, feeds: Mapping[str, Feed]) -> None:
    """What people gave up in the live view, and what is parked again in the built one, is given up there too.

    `feeds` are those of the built view, by source.
    """
    given_up = {_place(each): each for each in _entries(database, live, parking.DISCARDED)}
    while decided := _decided(database, built, given_up):
        for parked, decision in decided:
            retrying.discard(
                feeds[parked.source], parked.id, actor=decision.decided_by or "", reason=decision.message or ""
            )


def _decided(database: Database, built: str, given_up: _Decisions) -> list[tuple[parking.Parked, parking.Parked]]:
    """To be asked again after a discard: what waited behind a fact that is given up may now be parked itself."""
    parked = _entries(database, built, parking.PARKED) if given_up else []
    return [(each, given_up[_place(each)]) for each in parked if _place(each) in given_up]


def _place(entry: parking.Parked) -> tuple[str, UUID | None, int]:
    return entry.source, entry.stream, entry.version


def _entries(database: Database, view: str, state: str) -> list[parking.Parked]:
    with database.connection() as connection:
        return parking.entries(connection, view=view, state=state, limit=_MOST)
