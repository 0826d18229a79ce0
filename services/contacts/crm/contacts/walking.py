"""Finding rows of the history by walks along one index, each as long as a page, however many items there are.

A word that is not met among the first rows is looked up in the index of words, if it is rare.
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
from crm.contacts.words import asked_for, of_contacts

Order: TypeAlias = Literal["newest", "oldest"]
Place: TypeAlias = tuple[Any, ...]
"""Where a row stands: the contact, then the values of `PLACE`."""

SOON = 1_000
"""A word that is frequent is met among so many of the first rows."""
RARE = 5_000
"""One with no more items than these is looked up in the index of words; any other is met on a longer walk."""
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
        self._words = asked_for(only.text)
        self._nothing = not ids or (bool(only.text.strip()) and self._words is None)
        self._come: dict[tuple[UUID, UUID], UUID] = {}

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
            connection.execute(_ALONG_THE_INDEX)
            if len(self._ids) == 1 and not self._come and self._words is None:
                where, values = " AND ".join(["contact_id = %s", *self._conditions]), [self._ids[0], *self._values]
                return history.select(connection, where, values, order_by=self._order, limit=limit)
            found = self._found(connection, limit)
            return self._whole(connection, self._first([*found, *self._moved(connection, limit)], limit))

    def _found(self, db: Db, limit: int) -> list[Place]:
        if self._words is None:
            return self._merged(db, limit)
        if len(soon := self._met_soon(db, limit, self._words)) == limit:
            return soon
        found = self._by_words(db, limit * len(self._ids), self._words)
        return self._merged(db, limit, self._words) if found is None else found

    def _met_soon(self, db: Db, limit: int, words: str) -> list[Place]:
        """What has the words among the first rows."""
        if len(self._ids) > 1:
            return self._speaking(db, self._merged(db, SOON), words)[:limit]
        where, by = " AND ".join(["contact_id = %s", *self._conditions]), ", ".join(self._order)
        near = f"SELECT {_KEY}, words FROM {history.table.name} WHERE {where} ORDER BY {by} LIMIT {SOON}"
        statement = f"SELECT {_KEY} FROM ({near}) AS near WHERE words @@ %s::tsquery ORDER BY {by} LIMIT {limit}"
        return _asked(db, statement, [self._ids[0], *self._values, words])

    def _speaking(self, db: Db, places: Sequence[Place], words: str) -> list[Place]:
        """Those of some places where the words are."""
        keys = [[each[at] for each in places] for at in (0, -2, -1)]
        statement = f"""
            SELECT contact_id, stream, version
            FROM unnest(%s::uuid[], %s::uuid[], %s::int8[]) AS near (contact, item, number)
            JOIN {history.table.name} ON (contact_id, stream, version) = (near.contact, near.item, near.number)
            WHERE words @@ %s::tsquery
        """
        found = set(_asked(db, statement, [*keys, words]))
        return [each for each in places if (each[0], *each[-2:]) in found]

    def _by_words(self, db: Db, limit: int, words: str) -> list[Place] | None:
        """Where the first items with the words stand; None if there are too many with these words to sort."""
        fits, by = " AND ".join(self._conditions), ", ".join(self._order)
        if len(self._ids) > _COMPLETE:  # so many are quicker told apart by their own index
            theirs, values = "words @@ %s::tsquery AND contact_id = ANY(%s)", [words, list(self._ids)]
        else:
            theirs, values = "words @@ %s::tsquery", [of_contacts(words, self._ids)]
        statement = f"""
            WITH found AS MATERIALIZED (
                SELECT {_KEY}, ({fits}) AS fits FROM {history.table.name} WHERE {theirs} LIMIT {RARE + 1}
            )
            SELECT counted.items, first.* FROM (SELECT count(*) AS items FROM found) AS counted LEFT JOIN LATERAL (
                SELECT {_KEY} FROM found WHERE fits AND counted.items <= {RARE} ORDER BY {by} LIMIT {limit}
            ) AS first ON true
        """
        with connected(db) as connection:
            connection.execute(_BY_WORDS)
            found = _asked(connection, statement, [*self._values, *values])
            connection.execute(_ALONG_THE_INDEX)
        return None if found[0][0] > RARE else [each[1:] for each in found if each[1] is not None]

    def _merged(self, db: Db, limit: int, words: str | None = None) -> list[Place]:
        """The first places of many ids: a few of each, then more of those that may have more among the first."""
        few = limit if len(self._ids) <= _COMPLETE else 2 + 2 * limit // len(self._ids)
        found = self._walk(db, self._ids, words, few)
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
            found = [each for each in found if each[0] not in more] + self._walk(db, more, words, limit)
        return self._first(found, limit)

    def _walk(self, db: Db, ids: Collection[UUID], words: str | None, limit: int) -> list[Place]:
        people, condition = "unnest(%s::uuid[]) AS person (id)", "contact_id = person.id"
        return self._places(db, people, condition, [list(ids)], words, limit) if ids else []

    def _moved(self, db: Db, limit: int) -> list[Place]:
        """The items that were handed to one of the ids, from where they were recorded."""
        if not self._come:
            return []
        contacts, items = map(list, zip(*self._come, strict=True))
        moved, condition = "unnest(%s::uuid[], %s::uuid[]) AS moved (id, item)", "contact_id = id AND stream = item"
        return self._places(db, moved, condition, [contacts, items], self._words, limit)

    def _places(
        self, db: Db, each: str, condition: str, values: list[Any], words: str | None, limit: int
    ) -> list[Place]:
        spoken = ["(words @@ %s::tsquery) IS TRUE"] if words else []  # so put, no index is thought of
        statement = (
            f"SELECT place.* FROM {each} CROSS JOIN LATERAL (SELECT {_KEY} FROM {history.table.name}"
            f" WHERE {' AND '.join([condition, *self._conditions, *spoken])}"
            f" ORDER BY {', '.join(self._order)} LIMIT {limit}) AS place"
        )
        return _asked(db, statement, [*values, *self._values, *([words] if words else [])])

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


def _asked(db: Db, statement: str, values: list[Any]) -> list[Place]:
    with connected(db) as connection, connection.cursor(binary=True) as cursor:
        return cursor.execute(statement.encode(), values).fetchall()


# Each way is quick with its own index only, and the planner, who does not know how a contact's items lie, errs.
_ALONG_THE_INDEX = b"""
    SELECT set_config('enable_sort', 'off', true), set_config('enable_bitmapscan', 'off', true),
        set_config('enable_seqscan', 'off', true)
"""
_BY_WORDS = b"""
    SELECT set_config('enable_sort', 'on', true), set_config('enable_bitmapscan', 'on', true),
        set_config('enable_seqscan', 'off', true)
"""
