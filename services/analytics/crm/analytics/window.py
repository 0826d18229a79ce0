"""The live window: touchpoints per minute of the last hour, by service and partition. In memory, no I/O.

It is counted anew from the topics whenever partitions are assigned, so there is no state to keep or to restore.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

MINUTES = 60


class Place(NamedTuple):
    """One partition of a service's topic."""

    service: str
    partition: int


class Cell(NamedTuple):
    """One number of the window. `minute` counts from 1970 (UTC)."""

    service: str
    partition: int
    minute: int


class Seen(NamedTuple):
    """One fact that came. `minute` is that of its recording, None where it is about no contact.

    `generation` is the assignment of partitions in which it was received.
    """

    place: Place
    offset: int
    minute: int | None
    generation: int


class Standing(NamedTuple):
    """How current a partition is: when Kafka answered last (UTC), and how many of its facts were not counted yet."""

    answered_at: datetime
    behind: int


def minute_of(moment: datetime) -> int:
    """The minute a moment lies in."""
    return int(moment.timestamp() // 60)


class Window:
    """Counts of the last hour. Thread-safe; its memory is bounded by partitions times minutes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._generation = -1
        self._next: dict[Place, int] = {}
        self._counts: dict[Cell, int] = {}
        self._changed: set[Cell] = set()
        self._standings: dict[Place, Standing] = {}

    def begin(self, generation: int, starts: Mapping[Place, int]) -> None:
        """Starts from nothing: partitions were assigned, and are read from these offsets."""
        with self._lock:
            self._generation = generation
            self._next = dict(starts)
            self._counts.clear()
            self._changed.clear()

    def add(self, facts: Iterable[Seen], now: datetime) -> None:
        """Counts touchpoints of the last hour. What is still under way from an earlier assignment comes again."""
        last = minute_of(now)
        first = last - MINUTES
        with self._lock:
            counts, generation = self._counts, self._generation
            for place, offset, minute, received_in in facts:
                if received_in != generation:
                    continue
                self._next[place] = offset + 1
                # Clocks differ: what seems to come from the next minute counts, what is further off does not.
                if minute is not None and first <= minute <= last + 1:
                    cell = Cell(*place, minute)
                    counts[cell] = counts.get(cell, 0) + 1
                    self._changed.add(cell)

    def stand(self, answers: Mapping[Place, tuple[datetime, int]]) -> None:
        """Notes when Kafka answered last for partitions, and at which offset they end."""
        with self._lock:
            self._standings = {
                place: Standing(answered_at, max(0, end - self._next[place]))
                for place, (answered_at, end) in answers.items()
                if place in self._next
            }

    def take(self, now: datetime) -> tuple[dict[Cell, int], dict[Place, Standing]]:
        """What has changed since the last time. Forgets what is older than an hour."""
        first = minute_of(now) - MINUTES
        with self._lock:
            for cell in [each for each in self._counts if each.minute < first]:
                del self._counts[cell]
            changed = {each: self._counts[each] for each in self._changed if each in self._counts}
            standings, self._changed, self._standings = self._standings, set(), {}
            return changed, standings

    def renew(self) -> None:
        """Everything counts as changed: what was taken could not be kept, or was lost."""
        with self._lock:
            self._changed.update(self._counts)
