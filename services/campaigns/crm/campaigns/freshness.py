"""Freshness: whether the copy of contacts holds all that contacts had told lately; otherwise nothing is sent (M2)."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Literal, TypeAlias

from crm.campaigns.people import COPIES
from crm.chassis.projection import Feed, Mark, NotRunning
from crm.chassis.projection.delivery import START
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.topics import KafkaHistory
from crm.chassis.runtime import Runtime

CONTACTS = "contacts"
FRESH_S = 5.0
"""So old the last proof may be that nothing is missing."""
PATIENCE_S = 60.0
"""So long messages wait for the copy to catch up; then they are not sent."""
ASK_AGAIN_S = 5.0
"""How long a topic that could not be asked is left alone: finding out takes seconds each time."""

Marks: TypeAlias = Mapping[int, Mark]
"""By partition, how far."""
Freshness: TypeAlias = Literal["fresh", "catching up", "stale"]


class CopyBehind(SourceAway):
    """The copy of contacts does not hold yet what it should; in a moment it may."""


class ContactsCopy:
    """The copy of contacts, compared with where their topic ends. One thread uses it.

    `ends` tells where the topic ends now, `marks` how far each view of the copy has come; both raise `SourceAway` if
    that cannot be told. `clock` counts seconds.
    """

    def __init__(
        self,
        ends: Callable[[], Marks],
        marks: Callable[[], Sequence[Marks]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ends, self._marks, self._clock = ends, marks, clock
        self._awaited: dict[str, Marks] = {}
        self._target: tuple[float, Marks] | None = None
        self._complete_at = self._asked_at = self._ask_at = float("-inf")
        self._waiting_since: float | None = None

    def freshness(self) -> Freshness:
        """How far the copy can be relied on now."""
        now = self._clock()
        if self._waiting_since is None or now - self._asked_at > PATIENCE_S:
            self._waiting_since, self._target = now, None  # whoever waited before has given up
        self._asked_at = now
        for _ in range(2):  # what was waited for may be there, and old by now: then once more
            if now - self._complete_at > FRESH_S and now >= self._ask_at:
                self._look(now)
        if now - self._complete_at <= FRESH_S:
            self._waiting_since = None
            return "fresh"
        return "catching up" if now - self._waiting_since <= PATIENCE_S else "stale"

    def await_all_before(self, moment: str) -> None:
        """Raises `SourceAway` until the copy holds all that was published when this moment was first asked about."""
        target = self._awaited.get(moment)
        if target is None:
            target = self._awaited[moment] = self._ends()
        if not _reached(self._marks(), target):
            raise CopyBehind("the copy of contacts is catching up")
        del self._awaited[moment]

    def _look(self, now: float) -> None:
        try:
            asked_at, target = self._target or (now, self._ends())
            self._target = asked_at, target
            if _reached(self._marks(), target):
                self._complete_at, self._target = asked_at, None
        except SourceAway:  # what cannot be proved is not so
            self._ask_at = self._clock() + ASK_AGAIN_S


def copy_of(runtime: Runtime) -> ContactsCopy:
    """The copy of a running service."""
    return ContactsCopy(partial(_ends, runtime), partial(_marks, runtime))


def _ends(runtime: Runtime) -> Marks:
    if not runtime.settings.kafka:
        raise SourceAway("without Kafka nobody tells what contacts have withdrawn")
    return KafkaHistory(runtime.settings.kafka).ends(CONTACTS)


def _marks(runtime: Runtime) -> list[Marks]:
    try:
        return [Feed(runtime.database, each, CONTACTS, runtime.keys).open() for each in COPIES]
    except NotRunning as stopped:
        raise CopyBehind(str(stopped)) from stopped


def _reached(marks: Sequence[Marks], ends: Marks) -> bool:
    return all(each.get(shard, START).number >= end.number for each in marks for shard, end in ends.items())
