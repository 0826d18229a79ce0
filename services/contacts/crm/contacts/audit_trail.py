"""The audit: who changed what, when, from where and why; from the facts alone, so nothing can be left out (C10, C11).

It has what the history hides: texts before they were corrected, and what was taken back. Its order is that of their
recording.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from crm.chassis.paging import Page, PageRequest, from_cursor, to_cursor
from crm.chassis.projection import Db
from crm.chassis.projection.history import FOREVER
from crm.chassis.projection.query import connected
from crm.contacts.history import Touchpoint, history, trace_of
from crm.contacts.item import render
from crm.contacts.reader import Reader
from crm.events import wire
from crm.events.upcasts import versions_of

Order: TypeAlias = Literal["newest", "oldest"]

_PLACE = ("recorded_at", "number", "stream", "version")
_TYPES = (datetime, int, UUID, int)
_MARK = "audit"


@dataclass(frozen=True)
class Change:
    """What a fact says of a value before and after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One fact about a contact. Times are UTC."""

    event_id: str
    contact_id: UUID
    service: str
    type: str
    summary: str
    recorded_at: datetime
    occurred_at: datetime
    actor: str
    channel: str
    reason: str | None
    """Why, where the fact says so; `causation_id` is the fact that led to it, `correlation_id` what it belongs to."""
    causation_id: str | None
    correlation_id: str
    trace_id: str | None
    changes: tuple[Change, ...]
    data: dict[str, Any]
    hidden_at: datetime | None
    """Since when the history shows another fact in its place, or none."""


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are asked for, by when they were recorded; `since` is included, `until` is not (UTC)."""

    actor: str | None = None
    types: Sequence[str] = ()
    since: datetime | None = None
    until: datetime | None = None
    as_known_at: datetime | None = None

    @property
    def where(self) -> tuple[list[str], list[Any]]:
        """As SQL conditions and their parameters."""
        asked = {
            "actor = %s": self.actor,
            "type = ANY(%s)": versions_of(*self.types) or None,
            "recorded_at >= %s": self.since,
            "recorded_at < %s": self.until,
            "recorded_at <= %s": self.as_known_at,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        return list(given), list(given.values())


def audit_of(
    db: Db,
    contact_ids: Sequence[UUID],
    page: PageRequest,
    *,
    reader: Reader,
    order: Order = "newest",
    only: AuditFilter | None = None,
    unseal: wire.Unseal,
) -> Page[Entry]:
    """A part of the audit of a person with these ids. Raises `MalformedCursor` for a cursor of another list."""
    only = only or AuditFilter()
    conditions, values = only.where
    visible, readers = reader.where
    conditions, values = ["contact_id = ANY(%s)", *conditions, *visible], [list(contact_ids), *values, *readers]
    if page.cursor is not None:
        conditions.append(f"({', '.join(_PLACE)}) {'<' if order == 'newest' else '>'} (%s, %s, %s, %s)")
        values += from_cursor(page.cursor, _MARK, _TYPES)
    places = _places(db, " AND ".join(conditions), values, order, page.limit + 1)
    with connected(db) as connection:
        rows = history.table.load(connection, [(each[0], each[-2], each[-1]) for each in places])
    found = [rows[each[0], each[-2], each[-1]] for each in places[: page.limit]]
    entries = tuple(_entry(each, only.as_known_at, unseal) for each in found)
    return Page(entries, to_cursor(_MARK, places[page.limit - 1][1:]) if len(places) > page.limit else None)


def _places(db: Db, where: str, values: list[Any], order: Order, limit: int) -> list[Any]:
    """Where the entries stand, from the index alone; a fact that names two of the ids counts once."""
    names, direction = ", ".join(_PLACE), " DESC" if order == "newest" else ""
    by = ", ".join(f"{each}{direction}" for each in _PLACE)
    statement = (
        f"SELECT min(contact_id::text)::uuid, {names} FROM {history.table.name} WHERE {where}"
        f" GROUP BY {names} ORDER BY {by} LIMIT {limit}"
        if len(values[0]) > 1
        else f"SELECT contact_id, {names} FROM {history.table.name} WHERE {where} ORDER BY {by} LIMIT {limit}"
    )
    with connected(db) as connection, connection.cursor(binary=True) as cursor:
        return cursor.execute(statement.encode(), values).fetchall()


def _entry(row: Touchpoint, as_known_at: datetime | None, unseal: wire.Unseal) -> Entry:
    told = render(row.type, row.clear, row.personal, unseal)
    data = told["data"]
    hidden = row.hidden_at != FOREVER and (as_known_at is None or row.hidden_at <= as_known_at)
    return Entry(
        event_id=f"{row.stream}:{row.version}",
        contact_id=row.contact_id,
        service=row.service,
        type=told["type"],
        summary=told["summary"],
        recorded_at=row.recorded_at,
        occurred_at=row.occurred_at,
        actor=row.actor,
        channel=row.channel,
        reason=data.get("reason"),
        causation_id=row.causation_id,
        correlation_id=row.correlation_id,
        trace_id=trace_of(row),
        changes=tuple(_changes(data)),
        data=data,
        hidden_at=row.hidden_at if hidden else None,
    )


def _changes(data: dict[str, Any]) -> Iterator[Change]:
    """What a fact calls `was` is the value of its next field before; `from_x` and `to_x` are the two of x."""
    names = list(data)
    for at, name in enumerate(names):
        if name == "was" and at + 1 < len(names):
            yield Change(names[at + 1], data[name], data[names[at + 1]])
        elif name.startswith("from_") and (after := f"to_{name[5:]}") in data:
            yield Change(name[5:], data[name], data[after])
