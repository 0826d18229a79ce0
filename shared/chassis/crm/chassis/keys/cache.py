"""Keys that were read, for a short while. Eviction wins against reads that are under way."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Final, Literal, TypeAlias
from uuid import UUID

from crm.chassis.keys.jwe import SubjectKey


class Lack(Enum):
    """Why there is no key."""

    DESTROYED = "destroyed"
    ABSENT = "absent"


DESTROYED: Final = Lack.DESTROYED
ABSENT: Final = Lack.ABSENT
"""No key and no tombstone. True only when it was read: never believed, it only spares a prefetch the asking."""

Known: TypeAlias = SubjectKey | Literal[Lack.DESTROYED]


class Reading:
    """One read of the keyring under way: since when, and who was evicted meanwhile."""

    def __init__(self, started_at: float) -> None:
        self.started_at = started_at
        self.evicted: set[UUID] = set()


class Cache:
    """At most `size` subjects, the least recently used go first. Thread-safe.

    A key is kept for `lifetime_s` from before it was read. That a key was destroyed stays true, so that is kept
    until it is pushed out.
    """

    def __init__(self, lifetime_s: float, size: int, clock: Callable[[], float]) -> None:
        self._lifetime_s, self._size, self._clock = lifetime_s, size, clock
        self._entries: OrderedDict[UUID, tuple[SubjectKey | Lack, float]] = OrderedDict()
        self._readings: set[Reading] = set()
        self._lock = threading.Lock()

    def get(self, subject: UUID) -> Known | None:
        """What is known for certain about a subject's key; None means: ask the keyring."""
        with self._lock:
            entry = self._entries.get(subject)
            if entry is None:
                return None
            known, read_at = entry
            if known is DESTROYED:
                return DESTROYED
            if known is ABSENT or self._clock() - read_at > self._lifetime_s:
                return None
            self._entries.move_to_end(subject)
            return known

    def needs_reading(self, subject: UUID) -> bool:
        """Whether a batch should read this subject first. So is the second half of a lifetime: a batch takes time."""
        with self._lock:
            known, read_at = self._entries.get(subject, (None, 0.0))
        if known is None or known is DESTROYED:
            return known is None
        return self._clock() - read_at > self._lifetime_s / 2

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Spans a read of the keyring, from before it begins until its result is kept."""
        reading = Reading(self._clock())
        with self._lock:
            self._readings.add(reading)
        try:
            yield reading
        finally:
            with self._lock:
                self._readings.discard(reading)

    def keep(self, reading: Reading, found: Mapping[UUID, SubjectKey | Lack]) -> None:
        """Keeps what a read found, except for subjects that were evicted while it ran."""
        with self._lock:
            for subject, known in found.items():
                if subject not in reading.evicted or known is DESTROYED:
                    self._put(subject, known, reading.started_at)

    def evict(self, subject: UUID) -> None:
        """Forgets a subject, also for the reads that are under way."""
        with self._lock:
            self._entries.pop(subject, None)
            for reading in self._readings:
                reading.evicted.add(subject)

    def mark_destroyed(self, subject: UUID) -> None:
        """Remembers that a key is gone for good."""
        self.evict(subject)
        with self._lock:
            self._put(subject, DESTROYED, self._clock())

    def _put(self, subject: UUID, known: SubjectKey | Lack, read_at: float) -> None:
        present = self._entries.get(subject)
        if present is not None and (present[0] is DESTROYED or present[1] > read_at):
            return
        self._entries[subject] = known, read_at
        self._entries.move_to_end(subject)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)
