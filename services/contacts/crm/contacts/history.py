"""The unified history: everything that happened with a contact, in every service, in one order (C10).

One row per contact and fact. It is kept under the id the fact names; aliases are resolved when it is read. What a fact
says of a person stands in one column of its own, so that an erasure takes exactly that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from crm.chassis.paging import from_cursor, to_cursor
from crm.chassis.projection import EVERYTHING, Db, Page, PageRequest, Subject, View
from crm.contacts.item import Item, render, take_apart
from crm.contacts.reassigned import walks
from crm.events import Fact, Personal, Recorded, type_of, wire

Order: TypeAlias = Literal["newest", "oldest"]


@dataclass(frozen=True)
class Touchpoint:
    """One fact in the history of one contact."""

    contact_id: UUID
    stream: UUID
    version: int
    subject: Subject
    """Whose key sealed it, and whose erasure blanks it; it may also stand in the history of others."""
    service: str
    type: str
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    channel: str
    traceparent: str | None
    clear: dict[str, Any]
    personal: Personal[dict[str, Any] | None]


# The order within a contact, then what can be filtered by: one index answers every page, also where a filter is rare.
_ORDERED = "contact_id, occurred_at, recorded_at, stream, version, service, type, channel"

history = View(
    "history",
    Touchpoint,
    key=("contact_id", "stream", "version"),
    indexes=(_ORDERED,),
    services=(EVERYTHING,),
)


@history.on_any(keys=lambda e: [(contact, e.stream, e.version) for contact in e.contact_ids])
def remember(_: Touchpoint | None, e: Recorded[Fact], key: tuple[UUID, UUID, int]) -> Touchpoint:
    clear, personal = take_apart(e.fact)
    return Touchpoint(
        contact_id=key[0],
        stream=e.stream,
        version=e.version,
        subject=e.partition_key,
        service=e.service,
        type=type_of(e.fact),
        occurred_at=e.occurred_at,
        recorded_at=e.recorded_at,
        actor=e.actor,
        channel=e.channel,
        traceparent=e.traceparent,
        clear=clear,
        personal=personal,
    )


@dataclass(frozen=True)
class Filter:
    """Which items are asked for; `since` is included, `until` is not (UTC)."""

    service: str | None = None
    type: str | None = None
    channel: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def where(self) -> tuple[list[str], list[Any]]:
        """As SQL conditions and their parameters."""
        asked = {
            "service = %s": self.service,
            "type = %s": self.type,
            "channel = %s": self.channel,
            "occurred_at >= %s": self.since,
            "occurred_at < %s": self.until,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        return list(given), list(given.values())


_PLACE = ("occurred_at", "recorded_at", "stream", "version")
_TYPES = (datetime, datetime, UUID, int)


def page_of(
    db: Db,
    contact_ids: Sequence[UUID],
    page: PageRequest,
    *,
    order: Order = "newest",
    only: Filter | None = None,
    unseal: wire.Unseal,
) -> Page[Item]:
    """A part of the history of a person with these ids. `unseal` opens what was kept before its type was known.

    Raises `MalformedCursor` for a cursor of another order.
    """
    conditions, values = (only or Filter()).where
    if page.cursor is not None:
        conditions.append(f"({', '.join(_PLACE)}) {'<' if order == 'newest' else '>'} (%s, %s, %s, %s)")
        values += from_cursor(page.cursor, order, _TYPES)
    where = " AND ".join(["contact_id = %s", *conditions])
    by = [f"{each} DESC" if order == "newest" else each for each in _PLACE]
    found: dict[tuple[Any, ...], Touchpoint] = {}
    for walk in walks(db, contact_ids):  # short ones along the index; a fact that names two ids counts once
        asked, given = f"{where} AND {walk.condition}", [walk.contact_id, *values, *walk.params]
        for row in history.select(db, asked, given, order_by=by, limit=page.limit + 1):
            found.setdefault(_place(row), replace(row, contact_id=walk.owner))
    places = sorted(found, reverse=order == "newest")
    items = tuple(item_of(found[each], unseal) for each in places[: page.limit])
    return Page(items, to_cursor(order, places[page.limit - 1]) if len(places) > page.limit else None)


def _place(row: Touchpoint) -> tuple[Any, ...]:
    return tuple(getattr(row, each) for each in _PLACE)


def item_of(row: Touchpoint, unseal: wire.Unseal) -> Item:
    """A row as people and other systems read it."""
    return Item(
        event_id=f"{row.stream}:{row.version}",
        contact_id=row.contact_id,
        service=row.service,
        occurred_at=row.occurred_at,
        recorded_at=row.recorded_at,
        actor=row.actor,
        channel=row.channel,
        trace_id=row.traceparent.split("-")[1] if row.traceparent else None,
        **render(row.type, row.clear, row.personal, unseal),
    )
