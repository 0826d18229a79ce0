"""The loops that run: one over the own log for all its subscribers, one per subscriber of other services' topics."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Protocol

from crm.chassis.projection.delivery import LOG_SHARD, START, Delivery, Mark
from crm.chassis.projection.failures import TRANSIENT, SourceAway, is_transient, kind
from crm.chassis.projection.feed import Feed, NotRunning
from crm.chassis.projection.lanes import Lane, Observe
from crm.chassis.projection.opening import Opener
from crm.chassis.projection.waking import Bell, Teller
from crm.events import Position, Sealed

Beat = Callable[[], None]

IDLE_S = 1.0

_log = logging.getLogger("crm.projection")


class LogTail(Protocol):
    """The own log, as its readers see it: settled facts only."""

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        """Facts after a position, in order; an append is never split."""
        ...


class TopicStream(Protocol):
    """Other services' topics, as one consumer sees them. Partitions come and go; each starts at its feed's mark."""

    def read(self, limit: int, timeout_s: float) -> Mapping[str, Sequence[Delivery]]:
        """The next facts by service; nothing if there are none for so long. Raises `SourceAway`."""
        ...

    def commit(self, service: str, marks: Mapping[int, Mark]) -> None:
        """Tells Kafka how far it is, for its lag tools. The truth is in the database."""
        ...

    def close(self) -> None:
        """Leaves the group. The next `read` joins again and starts from the marks."""
        ...


Open = Callable[["Starts"], TopicStream]
"""Makes a stream, which asks for the marks to start at whenever it is given partitions."""
Starts = Callable[[str, str], Mapping[int, Mark]]
"""The marks of a service's feed, which are places in the topic of this id."""


class OwnLoop:
    """Reads the own log once for all subscribers that stand at the same place; each has its own checkpoint.

    Of several processes one leads. Thread-safe in nothing: one thread runs it.
    """

    def __init__(self, tail: LogTail, feeds: Sequence[Feed], observe: Observe | None = None) -> None:
        self._tail = tail
        self._lanes = [Lane(feed, observe) for feed in feeds]
        self._openers: set[Opener] = {feed.opener for feed in feeds}

    def run(self, bell: Bell, stop: Event, beat: Beat = lambda: None) -> None:
        """Runs until `stop`. `beat` is called at every turn."""
        while not stop.is_set():
            beat()
            if bell.leads and self.turn():
                bell.worked()
            else:
                bell.wait()

    def turn(self) -> bool:
        """Gives every subscriber that is ready its next batch. True if any took one."""
        waiting: dict[Mark, list[Lane]] = {}
        for lane in self._lanes:
            if lane.is_due:
                waiting.setdefault(lane.feed.marks.get(LOG_SHARD, START), []).append(lane)
        worked = False
        for mark, lanes in sorted(waiting.items()):
            try:
                page = self._tail.read(mark if mark != START else None, min(lane.limit for lane in lanes))
            except Exception as error:
                if not is_transient(error):
                    raise
                return worked
            worked |= bool(page) and self._give(page, lanes)
        return worked

    def _give(self, page: Sequence[Sealed], lanes: Sequence[Lane]) -> bool:
        for opener in self._openers:
            opener.new_page()
        facts = deliveries(page)
        taken = [lane.take(facts) for lane in lanes]  # every one, whatever the others do
        return any(taken)


class TopicLoop:
    """Follows other services for one subscriber. A batch that cannot be taken now is kept for later.

    Several may run, each with some of the partitions; where rows cross partitions they wait for each other.
    """

    def __init__(self, open_stream: Open, feeds: Sequence[Feed], observe: Observe | None = None) -> None:
        self._lanes = {feed.source: Lane(feed, observe) for feed in feeds}
        self._stream = open_stream(lambda service, topic_id: self._lanes[service].feed.open_in(topic_id))
        self._kept: dict[str, Sequence[Delivery]] = {}

    def run(self, teller: Teller, stop: Event, beat: Beat = lambda: None) -> None:
        """Runs until `stop`. `beat` is called at every turn."""
        try:
            while not stop.is_set():
                beat()
                if self.turn():
                    teller.worked()
                    continue
                teller.flush()
                if self._kept or not all(lane.is_open for lane in self._lanes.values()):
                    stop.wait(IDLE_S)
        finally:
            self._stream.close()

    def turn(self, timeout_s: float = IDLE_S) -> bool:
        """Reads and gives one batch per service. True if any was taken."""
        if not self._ready():
            return False
        if not self._kept:
            limit = min(lane.limit for lane in self._lanes.values())
            try:
                self._kept = dict(self._stream.read(limit, timeout_s))
            except (NotRunning, *TRANSIENT) as error:
                _log.warning("topics cannot be read now: %s", error if isinstance(error, SourceAway) else kind(error))
                self._start_over()
                return False
        taken = [self._give(service) for service in list(self._kept)]
        return any(taken)

    def _ready(self) -> bool:
        closed = [lane for lane in self._lanes.values() if not lane.is_open]
        if closed:
            self._start_over()
        return all([lane.is_due for lane in closed])  # noqa: C419 (each is opened, whatever the others are)

    def _start_over(self) -> None:
        """Drops what was read: another worker has it, or the view stands still. Reading begins at the marks again."""
        self._kept.clear()
        self._stream.close()

    def _give(self, service: str) -> bool:
        lane = self._lanes[service]
        if not lane.is_due:
            return False
        if lane.take(self._kept[service]):
            self._stream.commit(service, lane.feed.marks)
            del self._kept[service]
            return True
        return False


def deliveries(page: Sequence[Sealed]) -> list[Delivery]:
    """Facts of the own log as they are delivered."""
    return [Delivery(each, LOG_SHARD, each.position) for each in page if each.position is not None]
