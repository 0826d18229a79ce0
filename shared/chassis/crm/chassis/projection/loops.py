"""The loops that run: one over the own log for all its subscribers, one per subscriber of other services' topics."""

from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Protocol

from crm.chassis.projection.delivery import LOG_SHARD, START, Delivery, Mark
from crm.chassis.projection.failures import is_transient
from crm.chassis.projection.feed import Feed
from crm.chassis.projection.lanes import LARGEST_BATCH, Lane, Observe
from crm.chassis.projection.opening import Opener
from crm.chassis.projection.waking import Bell
from crm.events import Position, Sealed

Beat = Callable[[], None]


class LogTail(Protocol):
    """The own log, as its readers see it: settled facts only."""

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        """Facts after a position, in order; an append is never split."""
        ...


class TopicStream(Protocol):
    """Other services' topics, as one consumer sees them. Partitions come and go; each starts at its feed's mark."""

    def read(self, limit: int, timeout_s: float) -> Mapping[str, Sequence[Delivery]]:
        """The next facts by service; nothing if there are none for so long."""
        ...

    def seek(self, service: str, marks: Mapping[int, Mark]) -> None:
        """Goes back (or on) to marks, in those partitions this consumer has."""
        ...

    def commit(self, service: str, marks: Mapping[int, Mark]) -> None:
        """Tells Kafka how far it is, for its lag tools. The truth is in the database."""
        ...


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
    """Follows other services for one subscriber, with one consumer. A batch that cannot be taken now is kept for later."""

    def __init__(self, stream: TopicStream, feeds: Sequence[Feed], observe: Observe | None = None) -> None:
        self._stream = stream
        self._lanes = {feed.source: Lane(feed, observe) for feed in feeds}
        self._kept: dict[str, Sequence[Delivery]] = {}

    def run(self, bell: Bell, stop: Event, beat: Beat = lambda: None) -> None:
        """Runs until `stop`. `beat` is called at every turn."""
        while not stop.is_set():
            beat()
            if self.turn():
                bell.worked()

    def turn(self, timeout_s: float = 0.25) -> bool:
        """Reads and gives one batch per service. True if any was taken."""
        for service, lane in self._lanes.items():
            if not lane.is_open and lane.is_due:
                self._kept.pop(service, None)
                self._stream.seek(service, lane.feed.marks)
        limit = min([LARGEST_BATCH, *(lane.limit for lane in self._lanes.values())])
        for service, facts in self._stream.read(limit, timeout_s).items() if not self._kept else ():
            self._kept[service] = facts
        taken = [self._give(service) for service in list(self._kept)]
        return any(taken)

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
