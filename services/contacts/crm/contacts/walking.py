"""Finding rows of the history by walks along one index, each as long as a page, however many items there are.

Only a word that is rare is looked up in the index of words instead.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, TypeAlias
from uuid import UUID

from psycopg import Connection

from crm.chassis.paging import from_cursor
from crm.chassis.projection import Db
from crm.chassis.projection.query import connected
from crm.contacts.filter import Filter
from crm.contacts.history import PLACE, Touchpoint, history
from crm.contacts.reader import Reader
from crm.contacts.reassigned import moves
from crm.contacts.words import asked_for

Order: TypeAlias = Literal["newest", "oldest"]
Place: TypeAlias = tuple[Any, ...]
"""Where a row stands: the contact, then the values of `PLACE`."""

RARE = 2_000
"""A word with no more items than these is looked up in the index of words; others are met soon enough on a walk."""
MARK = "history"
_TYPES = (datetime, datetime, int, UUID, int)
_KEY = "contact_id, " + ", ".join(PLACE)
_COMPLETE = 4
"""Of so many ids at most each is read as far as the page goes; of more only a few rows at first."""


class Question:
    """One question to the history of a person, or of several people, with these ids."""

    def __init__(self, ids: Sequence[UUID], order: Order, only: Filter, reader: Reader, cursor: str | None) -> None:
        self._ids, self._newest = ids, order == "newest"
        self._rank = {each: at for at, each in enumerate(ids)}
        self._conditions, self._values = only.where
        visible, readers = reader.where
        self._conditions += visible
        self._values += readers
        if cursor is not None:
            self._conditions.append(f"({', '.join(PLACE)}) {'<' if self._newest else '>'} (%s, %s, %s, %s, %s)")
            self._values += from_cursor(cursor, MARK, _TYPES)
        self._order = [f"{each} DESC" if self._newest else each for each in PLACE]
        self._words = asked_for(ids, only.text) if only.text.strip() else None
        self._nothing = not ids or (bool(only.text.strip()) and self._words is None)

    def rows(self, db: Db, limit: int) -> list[Touchpoint]:
        """The first rows, in order; a fact that names two of the ids counts once.

        An item that was handed to another contact is found with that one (C9).
        """
        if self._nothing:
            return []
        with connected(db) as connection, connection.transaction():
            self._come, gone = moves(connection, self._ids)
            if gone:
                self._conditions.append("stream <> ALL(%s)")
                self._values.append(gone)
            found = self._by_words(connection, limit * len(self._ids)) if self._words is not None else None
            if self._words is not None and found is None:
                self._conditions.append("(words @@ %s::tsquery) IS TRUE")  # so put, no index is thought of
                self._values.append(self._words)
            connection.execute(_ALONG_THE_INDEX)
            if found is None and len(self._ids) == 1 and not self._come:
                where, values = " AND ".join(["contact_id = %s", *self._conditions]), [self._ids[0], *self._values]
                return history.select(connection, where, values, order_by=self._order, limit=limit)
            found = self._merged(connection, limit) if found is None else found
            return self._whole(connection, self._first([*found, *self._moved(connection, limit)], limit))

    def _by_words(self, db: Db, limit: int) -> list[Place] | None:
        """Where the first items with the words stand; None if there are too many with these words to sort."""
        fits, by = " AND ".join(self._conditions), ", ".join(self._order)
        statement = f"""
            WITH found AS MATERIALIZED (
                SELECT {_KEY}, ({fits}) AS fits FROM {history.table.name} WHERE words @@ %s::tsquery LIMIT {RARE + 1}
            )
            SELECT counted.items, first.* FROM (SELECT count(*) AS items FROM found) AS counted LEFT JOIN LATERAL (
                SELECT {_KEY} FROM found WHERE fits AND counted.items <= {RARE} ORDER BY {by} LIMIT {limit}
            ) AS first ON true
        """
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            connection.execute(_BY_WORDS)
            found: list[Any] = cursor.execute(statement.encode(), [*self._values, self._words]).fetchall()
        return None if found[0][0] > RARE else [each[1:] for each in found if each[1] is not None]

    def _merged(self, db: Db, limit: int) -> list[Place]:
        """The first places of many ids: a few of each, then more of those that may have more among the first."""
        few = limit if len(self._ids) <= _COMPLETE else 2 + 2 * limit // len(self._ids)
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
        where = " AND ".join(["contact_id = person.id", *self._conditions])
        return self._places(db, "unnest(%s::uuid[]) AS person (id)", where, [list(ids)], limit) if ids else []

    def _moved(self, db: Db, limit: int) -> list[Place]:
        """The items that were handed to one of the ids, from where they were recorded."""
        if not self._come:
            return []
        contacts, items = map(list, zip(*self._come, strict=True))
        where = " AND ".join(["contact_id = moved.id", "stream = moved.item", *self._conditions])
        return self._places(db, "unnest(%s::uuid[], %s::uuid[]) AS moved (id, item)", where, [contacts, items], limit)

    def _places(self, db: Db, each: str, where: str, values: list[Any], limit: int) -> list[Place]:
        statement = (
            f"SELECT place.* FROM {each} CROSS JOIN LATERAL (SELECT {_KEY} FROM {history.table.name}"
            f" WHERE {where} ORDER BY {', '.join(self._order)} LIMIT {limit}) AS place"
        )
        with connected(db) as connection, connection.cursor(binary=True) as cursor:
            return cursor.execute(statement.encode(), [*values, *self._values]).fetchall()

    def _first(self, found: Collection[Place], limit: int) -> list[Place]:
        once: dict[Place, Place] = {}
        for each in sorted(found, key=lambda each: self._rank.get(each[0], len(self._rank))):
            once.setdefault(each[1:], each)
        return [once[each] for each in sorted(once, reverse=self._newest)[:limit]]

    def _before(self, one: Place, other: Place) -> bool:
        return one > other if self._newest else one < other

    def _whole(self, connection: Connection[Any], places: Sequence[Place]) -> list[Touchpoint]:
        keys = [(each[0], each[-2], each[-1]) for each in places]
        rows = history.table.load(connection, keys)
        found = [rows[each] for each in keys if each in rows]
        owners = self._come
        return [replace(each, contact_id=owners.get((each.contact_id, each.stream), each.contact_id)) for each in found]


# Each way is quick with its own index only, and the planner, who does not know how a contact's items lie, errs.
_ALONG_THE_INDEX = b"""
    SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_seqscan', 'off', true)
"""
_BY_WORDS = b"SELECT set_config('enable_seqscan', 'off', true)"
