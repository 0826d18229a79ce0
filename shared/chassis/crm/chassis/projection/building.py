"""Building a view's tables from the past: in bulk, in chunks that are short transactions, resumable after any."""

import gc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from crm.chassis.projection.delivery import LOG_SHARD, START, Delivery, Mark, Outcome
from crm.chassis.projection.feed import Feed
from crm.chassis.projection.loops import LogTail, deliveries
from crm.chassis.projection.pace import Pace
from crm.chassis.projection.sources import Bookmark, History, TopicHistory
from crm.events import Position

CHUNK = 10_000
"""Facts per transaction, at most: about a fifth of a second, most of it before the transaction writes."""
LONGEST_S = 1.0
"""How long a chunk should take at most."""


@dataclass(frozen=True)
class Progress:
    """What a rebuild just did: from which service it took how many facts more."""

    phase: str
    source: str
    facts: int


Tell = Callable[[Progress], None]


@dataclass
class Scan:
    """A reading of the own log by streams, up to a position. Kept with the rebuild, so that it can go on."""

    until: Position
    after: Bookmark | None = None
    done: bool = False

    @property
    def stored(self) -> dict[str, Any]:
        after = [str(self.after.stream), self.after.version] if self.after else None
        return {"until": list(self.until), "after": after, "done": self.done}

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> "Scan":
        after = Bookmark(UUID(stored["after"][0]), stored["after"][1]) if stored["after"] else None
        return cls(Position(*stored["until"]), after, stored["done"])


def scan_log(feed: Feed, history: History, scan: Scan, rebuild: int, tell: Tell, chunk: int = CHUNK) -> None:
    """Folds everything up to `scan.until`, stream by stream: each row is made in memory and written once.

    Views do not depend on how streams interleave, so this order leads to the same rows. The next page is read while
    this one is folded.
    """
    pace = Pace(chunk, LONGEST_S)
    with ThreadPoolExecutor(1, "rebuild-reader") as reader, _without_cycles():
        page = history.page(scan.after, scan.until, pace.limit)
        while page:
            last = page[-1]
            reached = Scan(scan.until, Bookmark(last.stream, last.version))
            ahead = reader.submit(history.page, reached.after, scan.until, pace.limit)
            known = {scan.after.stream} if scan.after else set()
            pace.took(_take(feed, [Delivery(each, LOG_SHARD, scan.until) for each in page], known, reached, rebuild))
            scan.after = reached.after
            tell(Progress("scan", feed.source, len(page)))
            page = ahead.result()
    scan.done = True
    with feed.database.connection() as connection:
        _keep(connection, rebuild, feed.source, scan, 0)


def _take(feed: Feed, facts: list[Delivery], known: set[UUID], reached: Scan, rebuild: int) -> Outcome:
    def keep(connection: Connection[Any]) -> None:
        _keep(connection, rebuild, feed.source, reached, len(facts))

    return feed.take(facts, known=known, also=keep)


def follow_log(feed: Feed, tail: LogTail, goal: Mapping[int, Mark], tell: Tell, chunk: int = CHUNK) -> None:
    """Follows the own log up to a goal, never beyond it."""
    end, pace = goal.get(LOG_SHARD, START), Pace(chunk, LONGEST_S)
    while (at := feed.marks.get(LOG_SHARD, START)) < end:
        page = [each for each in deliveries(tail.read(at if at != START else None, pace.limit)) if each.mark <= end]
        if not page:
            return
        pace.took(feed.take(page))
        tell(Progress("follow", feed.source, len(page)))


def follow_topic(feed: Feed, topics: TopicHistory, goal: Mapping[int, Mark], tell: Tell, chunk: int = CHUNK) -> None:
    """Follows another service's topic up to a goal, partition by partition, never beyond it."""
    pace = Pace(chunk, LONGEST_S)
    for shard, end in sorted(goal.items()):
        while (at := feed.marks.get(shard, START)) < end:
            page = [each for each in topics.read(feed.source, shard, at, pace.limit) if each.mark <= end]
            if not page:
                break
            pace.took(feed.take(page))
            tell(Progress("follow", feed.source, len(page)))


@contextmanager
def _without_cycles() -> Iterator[None]:
    """Leaves memory to reference counts: the search for cycles among so many facts took two thirds of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _keep(connection: Connection[Any], rebuild: int, source: str, scan: Scan, facts: int) -> None:
    connection.execute(
        "UPDATE rebuilds SET scanned = scanned || %s, facts = facts + %s WHERE rebuild = %s",
        (Jsonb({source: scan.stored}), facts, rebuild),
    )
