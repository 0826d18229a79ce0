"""Pages of a history: filtered, searched, as of a moment, for one id of a person or for the many of an account (C10).

However many items there are, a page is found by walks along one index, each as long as the page; only a word that is
rare is looked up in the index of words instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec

from crm.chassis.paging import Page, PageRequest, from_cursor, to_cursor
from crm.chassis.projection import Db
from crm.chassis.projection.history import FOREVER
from crm.chassis.projection.query import connected
from crm.contacts.history import PLACE, Touchpoint, history, item_of
from crm.contacts.item import STANDS_FOR, Item
from crm.contacts.reader import Reader
from crm.contacts.words import asked_for
from crm.events import type_of, wire

Order: TypeAlias = Literal["newest", "oldest"]
Place: TypeAlias = tuple[Any, ...]
"""Where an item stands: the values of `PLACE`."""

RARE = 2_000
"""A word with no more items than these is looked up in the index of words; others are met soon enough on a walk."""
_TYPES = (datetime, datetime, int, UUID, int)
_MARK = "history"
_KEY = "contact_id, " + ", ".join(PLACE)


@dataclass(frozen=True)
class Filter:
    """Which items are asked for; `since` is included, `until` is not. Times are UTC (C11)."""

    service: str | None = None
    types: Sequence[str] = ()
    channel: str | None = None
    actor: str | None = None
    stream: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    as_of: datetime | None = None
    """What had happened then."""
    as_known_at: datetime | None = None
    """What was known then, as it was known."""

    @property
    def where(self) -> tuple[list[str], list[Any]]:
        """As SQL conditions and their parameters; `text` is not among them."""
        standing = [each for each, meant in STANDS_FOR.items() if type_of(meant) in self.types]
        asked = {
            "service = %s": self.service,
            "type = ANY(%s)": [*self.types, *standing] or None,
            "channel = %s": self.channel,
            "actor = %s": self.actor,
            "stream = %s": self.stream,
            "occurred_at >= %s": self.since,
            "occurred_at < %s": self.until,
            "occurred_at <= %s": self.as_of,
            "recorded_at <= %s": self.as_known_at,
            "hidden_at > %s": self.as_known_at,
            "hidden_at = %s": FOREVER if self.as_known_at is None else None,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        return list(given), list(given.values())


@dataclass(frozen=True)
class HistoryPage(Page[Item]):
    """A part of a history. `previous` leads back: with it, the other order goes on from before the first item."""

    previous: str | None = None


def page_of(
    db: Db,
    contact_ids: Sequence[UUID],
    page: PageRequest,
    *,
    reader: Reader,
    order: Order = "newest",
    only: Filter | None = None,
    unseal: wire.Unseal,
) -> HistoryPage:
    """A part of the history of a person with these ids, or of several people, as far as the reader may see it.

    `unseal` opens what was kept before its type was known. Raises `MalformedCursor` for a cursor of another list.
    """
    asked = _Asked(contact_ids, order, only or Filter(), reader, page.cursor)
    rows = asked.rows(db, page.limit + 1)
    items = tuple(item_of(row, unseal) for row in rows[: page.limit])
    places = [place_of(row) for row in rows[: page.limit]]
    return HistoryPage(
        items,
        to_cursor(_MARK, places[-1]) if len(rows) > page.limit else None,
        to_cursor(_MARK, places[0]) if places else page.cursor,
    )


def lines_of(page: HistoryPage) -> bytes:
    """The items of a page as JSON, one a line."""
    return b"".join(_encode(each) + b"\n" for each in page.items)


def place_of(row: Touchpoint) -> Place:
    return tuple(getattr(row, each) for each in PLACE)


_encode = msgspec.json.Encoder(decimal_format="string").encode


class _Asked:
    """One question to the history, as SQL."""

    def __init__(self, ids: Sequence[UUID], order: Order, only: Filter, reader: Reader, cursor: str | None) -> None:
        self._ids, self._newest = ids, order == "newest"
        self.conditions, self.values = only.where
        visible, readers = reader.where
        self.conditions += visible
        self.values += readers
        if cursor is not None:
            self.conditions.append(f"({', '.join(PLACE)}) {'<' if self._newest else '>'} (%s, %s, %s, %s, %s)")
            self.values += from_cursor(cursor, _MARK, _TYPES)
        self._order = [f"{each} DESC" if self._newest else each for each in PLACE]
        self._words = asked_for(ids, only.text) if only.text.strip() else None
        self._nothing = not ids or (bool(only.text.strip()) and self._words is None)

    def rows(self, db: Db, limit: int) -> list[Touchpoint]:
        """The first rows, in order; a fact that names two of the ids counts once."""
        if self._nothing:
            return []
        with connected(db) as connection, connection.transaction():
            if self._words is not None:
                found = self._by_words(connection)
                if found is not None:
                    return self._whole(connection, self._first(found, limit))
                self.conditions.append("(words @@ %s::tsquery) IS TRUE")  # so put, no index is thought of
                self.values.append(self._words)
            connection.execute(_ALONG_THE_INDEX)
            if len(self._ids) == 1:
                where = " AND ".join(["contact_id = %s", *self.conditions])
                return history.select(
                    connection, where, [self._ids[0], *self.values], order_by=self._order, limit=limit
                )
            return self._whole(connection, self._merged(connection, limit))

    def _by_words(self, db: Db) -> list[Place] | None:
        """Where all items with the words stand; None if there are too many."""
        fits = " AND ".join(self.conditions)
        statement = f"SELECT {_KEY}, ({fits}) FROM {history.table.name} WHERE words @@ %s::tsquery LIMIT {RARE + 1}"
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            connection.execute(_BY_WORDS)
            found: list[Any] = cursor.execute(statement.encode(), [*self.values, self._words]).fetchall()
        return None if len(found) > RARE else [each[:-1] for each in found if each[-1]]

    def _merged(self, db: Db, limit: int) -> list[Place]:
        """The first places of many ids: a few of each, then more of those that may have more among the first."""
        few = limit if len(self._ids) <= 4 else 2 + 2 * limit // len(self._ids)
        found = self._walk(db, self._ids, few)
        if few < limit:
            first = self._first(found, limit)
            last = first[-1][1:] if len(first) == limit else None
            counts: dict[UUID, list[Place]] = {}
            for each in found:
                counts.setdefault(each[0], []).append(each[1:])
            more = [
                contact
                for contact, places in counts.items()
                if len(places) == few and (last is None or self._before(places[-1], last))
            ]
            found = [each for each in found if each[0] not in more] + self._walk(db, more, limit)
        return self._first(found, limit)

    def _walk(self, db: Db, ids: Collection[UUID], limit: int) -> list[Place]:
        where = " AND ".join(["contact_id = person.id", *self.conditions])
        statement = (
            f"SELECT place.* FROM unnest(%s::uuid[]) AS person (id) CROSS JOIN LATERAL (SELECT {_KEY}"
            f" FROM {history.table.name} WHERE {where} ORDER BY {', '.join(self._order)} LIMIT {limit}) AS place"
        )
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(statement.encode(), [list(ids), *self.values]).fetchall() if ids else []

    def _first(self, found: Collection[Place], limit: int) -> list[Place]:
        once = {each[1:]: each for each in found}
        return [once[each] for each in sorted(once, reverse=self._newest)[:limit]]

    def _before(self, one: Place, other: Place) -> bool:
        return one > other if self._newest else one < other

    def _whole(self, connection: Any, places: Sequence[Place]) -> list[Touchpoint]:
        keys = [(each[0], each[-2], each[-1]) for each in places]
        rows = history.table.load(connection, keys)
        return [rows[each] for each in keys if each in rows]


# Each way is quick with its own index only, and the planner, who does not know how a contact's items lie, errs.
_ALONG_THE_INDEX = b"""
    SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_seqscan', 'off', true)
"""
_BY_WORDS = b"SELECT set_config('enable_seqscan', 'off', true)"
