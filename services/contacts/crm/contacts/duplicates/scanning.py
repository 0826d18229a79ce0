"""The role `scans`: compares all contacts, block by block, in the background. A kill costs at most one part again."""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Context, Disconnected
from crm.chassis.runtime import Runtime
from crm.contacts.duplicates.blocks import Block, Blocks, hash_of, pairs_of
from crm.contacts.duplicates.match_keys import match_keys, population
from crm.contacts.duplicates.normalising import Traits
from crm.contacts.duplicates.scan_job import complete, scans
from crm.contacts.duplicates.suggesting import Suggesting, judge

PAIRS_A_PART = 20_000
"""Pairs compared between two notes of progress; half a second's work."""
CACHED = 150_000
"""People kept in memory, at some three kilobytes each."""
LEASE = timedelta(minutes=2)
"""Reading the keys of a share takes longer than comparing a part of it."""
IDLE_S = 1.0

_PASSING = (psycopg.OperationalError, Disconnected, KeyringUnavailable, Conflict)
_log = logging.getLogger("crm.scans")

_TAKE = """
    UPDATE duplicate_scans SET leased_until = now() + %s WHERE scan_id = (
        SELECT scan_id FROM duplicate_scans WHERE state = 'running' AND (leased_until IS NULL OR leased_until < now())
        ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED)
    RETURNING scan_id, actor, share, mark
"""
_NOTE = """
    UPDATE duplicate_scans SET share = %(share)s, mark = %(mark)s, progress = %(progress)s, contacts = %(contacts)s,
        passed_over = %(passed_over)s, compared = compared + %(compared)s, suggested = suggested + %(suggested)s,
        leased_until = now() + %(lease)s
    WHERE scan_id = %(id)s AND state = 'running'
"""
_END = """
    UPDATE duplicate_scans SET state = 'completed', progress = 1, finished_at = now() WHERE scan_id = %s
"""


@dataclass(frozen=True)
class Job:
    """A scan to be worked off: from behind a hash of a share."""

    scan_id: UUID
    actor: str
    share: int = 0
    mark: int = -1


@dataclass(frozen=True)
class Person:
    """Somebody as compared, with the hashes of their keys."""

    traits: Traits
    hashes: frozenset[int]


def work_off_scans(runtime: Runtime, stop: threading.Event) -> None:
    """Works scans off, one after the other, until told to stop; goes on after the database was away."""
    while not stop.is_set():
        try:
            job = take(runtime)
            if job is None:
                stop.wait(IDLE_S)
            else:
                Scanning(runtime, job).work_off(stop.is_set)
        except _PASSING as error:
            _log.warning("scans wait", extra={"error": type(error).__name__})
            stop.wait(IDLE_S)


def take(runtime: Runtime) -> Job | None:
    """A scan that nobody works on, leased."""
    with runtime.database.connection() as connection, connection.cursor(row_factory=class_row(Job)) as cursor:
        return cursor.execute(_TAKE, (LEASE,)).fetchone()


class Scanning:
    """One scan on its way."""

    def __init__(self, runtime: Runtime, job: Job) -> None:
        self._runtime, self._job = runtime, job
        self._blocks = Blocks(runtime.database)
        self._population = population(runtime.database)
        context = Context(actor="policy:scanning", channel="policy", correlation_id=str(job.scan_id))
        self._suggesting = Suggesting(runtime.log, runtime.log.commands(context))
        self._people: dict[UUID, Person] = {}

    def work_off(self, stopped: Callable[[], bool] = lambda: False) -> None:
        """Compares everybody from where the scan is. Returns early if stopped; somebody takes it up again."""
        mark = self._job.mark
        for share in range(self._job.share, self._blocks.shares):
            for part in self._parts(share, mark):
                if stopped():
                    return
                self._note(share, part[-1], *self._compare(part))
            mark = -1
        self._complete()

    def _parts(self, share: int, after: int) -> Iterator[list[Block]]:
        part: list[Block] = []
        pairs = 0
        for block in self._blocks.of_share(share, after):
            part.append(block)
            pairs += len(block.contacts) * (len(block.contacts) - 1) // 2
            if pairs >= PAIRS_A_PART:
                yield part
                part, pairs = [], 0
        if part:
            yield part

    def _compare(self, part: list[Block]) -> tuple[int, int]:
        """How many pairs were compared, and how many of them are news."""
        people = self._load({contact for block in part for contact in block.contacts})
        found, compared = [], 0
        for block in part:
            for one, other in pairs_of(block):
                a, b = people.get(one), people.get(other)
                if a is None or b is None or not self._blocks.compares(block, a.hashes, b.hashes):
                    continue
                compared += 1
                if suggestion := judge(a.traits, b.traits, self._population):
                    found.append(suggestion)
        return compared, self._suggesting.offer(found)

    def _load(self, contacts: set[UUID]) -> dict[UUID, Person]:
        missing = list(contacts - self._people.keys())
        if len(self._people) + len(missing) > CACHED:
            self._people = {each: self._people[each] for each in contacts & self._people.keys()}
        for row in match_keys.select(self._runtime.database, "contact_id = ANY(%s)", (missing,)) if missing else ():
            self._people[row.contact_id] = Person(row.traits, frozenset(map(hash_of, row.keys)))
        return self._people

    def _note(self, share: int, last: Block, compared: int, suggested: int) -> None:
        values: dict[str, Any] = {"share": share, "mark": last.hash, "compared": compared, "suggested": suggested}
        progress = (share + last.progress) / self._blocks.shares
        values |= {"progress": progress, "contacts": self._blocks.contacts, "lease": LEASE, "id": self._job.scan_id}
        values["passed_over"] = len(self._blocks.too_large)
        with self._runtime.database.connection() as connection:
            connection.execute(_NOTE, values)

    def _complete(self) -> None:
        scan_id = self._job.scan_id
        with self._runtime.database.connection() as connection:
            row = connection.execute(
                "SELECT compared, suggested FROM duplicate_scans WHERE scan_id = %s", (scan_id,)
            ).fetchone()
        assert row
        command = partial(complete, contacts=self._blocks.contacts, compared=row[0], suggested=row[1])
        context = Context(actor=self._job.actor, channel="policy", correlation_id=str(scan_id))
        self._runtime.log.commands(context).execute(scans, scan_id, command)
        with self._runtime.database.connection() as connection:
            connection.execute(_END, (scan_id,))
