"""Freshness: how far behind each service's facts a number is, as every number says (A1)."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

from crm.chassis.database import Database
from crm.chassis.kafka import KafkaUnavailable, TopicMissing
from crm.chassis.projection import Mark, View, health
from crm.chassis.projection.failures import SourceAway
from crm.chassis.projection.standing import RUNNING, SERVICES
from crm.chassis.projection.topics import KafkaHistory

SERVICE = "analytics"
ASK_EVERY_S = 5.0
FIRST_ANSWER_WITHIN_S = 1.0
WORTH_S = 60.0
"""An answer of Kafka that is older says nothing any more."""

N = TypeVar("N", int, float)
Ends: TypeAlias = Mapping[str, Mapping[int, Mark]]


@dataclass(frozen=True)
class Source:
    """How far the facts of one service have come. Lag is null where it cannot be told now, as without Kafka."""

    state: str
    lag_facts: int | None
    lag_s: float | None
    waiting: int
    """Facts that were set aside, or wait behind one that was; operators see to them."""


class TopicEnds:
    """Where all topics end. Kafka is asked while somebody wants to know, but nobody waits for it. Thread-safe."""

    def __init__(self, ask: Callable[[], Ends], clock: Callable[[], float] = time.monotonic) -> None:
        self._ask, self._clock = ask, clock
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._known: tuple[float, Ends] | None = None
        self._asked_at: float | None = None

    def known(self) -> Ends | None:
        """What Kafka answered last; None where that is too long ago."""
        with self._lock:
            due = self._asked_at is None or self._clock() - self._asked_at >= ASK_EVERY_S
            if due:
                self._asked_at = self._clock()
        if due:
            threading.Thread(target=self._learn, daemon=True, name="topic-ends").start()
        if self._known is None:
            self._answered.wait(FIRST_ANSWER_WITHIN_S)
        known = self._known
        return known[1] if known and self._clock() - known[0] < WORTH_S else None

    def _learn(self) -> None:
        try:
            self._known = (self._clock(), self._ask())
        except (SourceAway, KafkaUnavailable):
            return  # asked again soon
        finally:
            self._answered.set()


@cache
def ends_at(bootstrap: str) -> TopicEnds:
    """The one place in a process that asks a Kafka where its topics end."""

    def ask() -> Ends:
        history = KafkaHistory(bootstrap)
        return {each: _ends(history, each) for each in SERVICES}

    return TopicEnds(ask)


def _ends(history: KafkaHistory, service: str) -> Mapping[int, Mark]:
    try:
        return history.ends(service)
    except SourceAway as away:
        if isinstance(away.__cause__, TopicMissing):
            return {}  # a service without facts yet
        raise


def freshness(db: Database, bootstrap: str, views: Iterable[View[Any]]) -> dict[str, Source]:
    """By service, how far the least current of some views is behind; unknown without Kafka (`bootstrap` empty)."""
    names = {each.name for each in views}
    ends = ends_at(bootstrap).known() if bootstrap else None
    with db.connection() as connection:
        feeds = health.feeds(connection, SERVICE, ends.__getitem__ if ends is not None else None)
    found: dict[str, list[health.FeedHealth]] = {}
    for each in feeds:
        if each.name in names:
            found.setdefault(each.source, []).append(each)
    return {source: _least_current(some) for source, some in sorted(found.items())}


def _least_current(feeds: Sequence[health.FeedHealth]) -> Source:
    facts, seconds = [each.lag_facts for each in feeds], [each.lag_s for each in feeds]
    return Source(
        state=next((each.state for each in feeds if each.state != RUNNING), RUNNING),
        lag_facts=_worst(facts),
        lag_s=_worst(seconds),
        waiting=sum(each.parked + each.queued for each in feeds),
    )


def _worst(lags: Iterable[N | None]) -> N | None:
    """The largest; None where one is unknown."""
    known = list(lags)
    return None if None in known else max(each for each in known if each is not None)
