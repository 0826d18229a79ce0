"""The role `matching`: compares each new or changed contact with those it shares a key with, and suggests duplicates.

It follows the log on its own, with a checkpoint of its own: views, policies and imports do not wait for it, and what it
falls behind it catches up in larger batches. On a log that was there before it, it begins at the beginning.
"""

import logging
import threading
import time
from collections.abc import Collection
from itertools import islice
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Context, Disconnected
from crm.chassis.projection import Bell, places
from crm.chassis.projection.delivery import LOG_SHARD
from crm.chassis.runtime import Runtime
from crm.contacts.duplicates.candidates import of_pairs, pairs_with
from crm.contacts.duplicates.match_keys import known, match_keys, population
from crm.contacts.duplicates.queue import open_of
from crm.contacts.duplicates.suggesting import Suggesting, judge
from crm.contacts.duplicates.weighing import Population
from crm.events import Position

PAGE = 1_000
"""Facts looked at in one turn."""
TOGETHER = 100
"""Contacts compared at once: a fraction of a second, also on a busy machine."""
COUNT_EVERY_S = 30.0
COUNT_SHARE = 50.0
"""Counting how common names are takes at most one part in so many of the time."""
IDLE_S = 1.0

_PASSING = (psycopg.OperationalError, Disconnected, KeyringUnavailable, Conflict)
_READ = b"SELECT era, tx, number FROM matching"
_MOVE = b"""
    INSERT INTO matching AS here (era, tx, number) VALUES (%s, %s, %s)
    ON CONFLICT (one) DO UPDATE SET (era, tx, number) = (excluded.era, excluded.tx, excluded.number)
"""
_log = logging.getLogger("crm.matching")


def match_changes(runtime: Runtime, stop: threading.Event) -> None:
    """Follows the log until told to stop; of several processes one works."""
    matching = Matching(runtime)
    with Bell(runtime.settings.database, "matching") as bell:
        while not stop.is_set():
            try:
                if not (bell.leads and matching.turn()):
                    bell.wait()
            except _PASSING as error:
                _log.warning("matching waits", extra={"error": type(error).__name__})
                stop.wait(IDLE_S)


class Matching:
    """Follows the log page by page. A page that is repeated after a kill suggests nothing twice."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        context = Context(actor="policy:matching", channel="policy")
        self._suggesting = Suggesting(runtime.log, runtime.log.commands(context))
        self._population = Population()
        self._count_at = 0.0

    def turn(self) -> bool:
        """Looks at the next facts. False if there are none yet, or the view they are compared in is behind."""
        database = self._runtime.database
        with database.connection() as connection:
            row = connection.execute(_READ).fetchone()
        page = self._runtime.log.read(Position(*row) if row else None, PAGE)
        if not page:
            return False
        changed = {each.stream for each in page if match_keys.wants(each.type)}
        if changed:
            with database.connection() as connection:
                if not _shows(connection, page[-1].position):
                    return False
            rest = iter(sorted(changed))
            while some := tuple(islice(rest, TOGETHER)):
                self.match(some)
        with database.connection() as connection:
            connection.execute(_MOVE, page[-1].position)
        return True

    def match(self, changed: Collection[UUID]) -> int:
        """Compares some contacts with everybody like them, and returns how many suggestions were news."""
        database = self._runtime.database
        self._count()
        doubted = {(case.first, case.second) for case in open_of(database, changed) if case.rule != "by-hand"}
        pairs = pairs_with(database, changed) | doubted
        people = known(database, of_pairs(pairs))
        judged = {(a, b): judge(people[a], people[b], self._population) for a, b in pairs if {a, b} <= people.keys()}
        self._suggesting.take_back(pair for pair in doubted if pair in judged and judged[pair] is None)
        return self._suggesting.offer(each for each in judged.values() if each is not None)

    def _count(self) -> None:
        """Counts names anew once in a while; until then what was not common is rare."""
        began = time.monotonic()
        if began >= self._count_at:
            self._population = population(self._runtime.database)
            self._count_at = began + max(COUNT_EVERY_S, COUNT_SHARE * (time.monotonic() - began))


def _shows(connection: Connection[Any], position: Position | None) -> bool:
    """Whether the view of what is compared has taken everything up to a position."""
    place = places.find(connection, match_keys.name, "contacts")
    mark = places.marks(connection, place.feed).get(LOG_SHARD) if place else None
    return mark is not None and position is not None and mark >= position
