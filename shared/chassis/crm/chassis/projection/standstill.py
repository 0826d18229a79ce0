"""Noticing that nobody reads what a topic holds: not this member of a group, and no other."""

import threading
import time
from collections.abc import Callable, Mapping

from crm.chassis.kafka import Partition


class Standstill:
    """Compares where a view stands in each partition with where it stood at the last look."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._before: Mapping[Partition, int] = {}
        self._looked_at = time.monotonic()

    @property
    def is_due(self) -> bool:
        """Whether it is time for a look."""
        return time.monotonic() >= self._looked_at + self._every_s

    def look(self, marks: Mapping[Partition, int], ends: Mapping[Partition, int]) -> set[Partition]:
        """The partitions that had more at the last look, have more now, and stand where they stood."""
        behind = {each: marks.get(each, 0) for each, end in ends.items() if marks.get(each, 0) < end}
        stand = {each for each, mark in behind.items() if self._before.get(each) == mark}
        self._before, self._looked_at = behind, time.monotonic()
        return stand

    def forget(self) -> None:
        """Begins anew: what stood may go on now."""
        self._before, self._looked_at = {}, time.monotonic()


class Ends:
    """Where topics end, asked once for all who want to know it at about the same time. Thread-safe."""

    def __init__(self, ask: Callable[[str, str], Mapping[int, int]]) -> None:
        self._ask = ask
        self._known: dict[tuple[str, str], tuple[float, Mapping[int, int]]] = {}
        self._lock = threading.Lock()

    def of(self, bootstrap: str, topic: str, within_s: float) -> Mapping[int, int]:
        """By partition, as it was so long ago at most. Raises what asking raises."""
        with self._lock:
            asked_at, ends = self._known.get((bootstrap, topic), (-within_s, {}))
            if time.monotonic() - asked_at >= within_s:
                asked_at, ends = time.monotonic(), self._ask(bootstrap, topic)
                self._known[bootstrap, topic] = asked_at, ends
            return ends
