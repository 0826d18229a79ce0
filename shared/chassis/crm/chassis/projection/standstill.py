"""Noticing that nobody reads what a topic holds: not this member of a group, and no other."""

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")


class Standstill(Generic[K]):
    """Compares where a view stands in each partition with where it stood at the last look."""

    def __init__(self, every_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every_s, self._clock = every_s, clock
        self._before: Mapping[K, int] = {}
        self._looked_at = clock()

    @property
    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return self._clock() >= self._looked_at + self._every_s

    def look(self, marks: Mapping[K, int], ends: Mapping[K, int]) -> set[K]:
        """The partitions that had more at the last look, have more now, and stand where they stood."""
        behind = {each: marks.get(each, 0) for each, end in ends.items() if marks.get(each, 0) < end}
        stand = {each for each, mark in behind.items() if self._before.get(each) == mark}
        self._before, self._looked_at = behind, self._clock()
        return stand

    def forget(self) -> None:
        """Begins anew: what stood may go on now."""
        self._before, self._looked_at = {}, self._clock()
