"""A store in memory, for tests of rules and APIs. It passes the same contract suite as the PostgreSQL store."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from threading import Lock
from uuid import UUID

from crm.chassis.log.store import Append, Conflict, Excerpt, NewFact, Remembered, TimerChanges
from crm.events import Position, Sealed


class MemoryStore:
    """Keeps facts in lists. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._streams: dict[UUID, list[Sealed]] = defaultdict(list)
        self._log: list[Sealed] = []
        self._remembered: dict[tuple[str, str], Remembered] = {}
        self._appends = 0
        self.timers: dict[tuple[UUID, str], tuple[datetime, str]] = {}

    def load(self, streams: Collection[UUID]) -> dict[UUID, list[Sealed]]:
        with self._lock:
            return {stream: list(self._streams.get(stream, ())) for stream in streams}

    def append(self, append: Append) -> None:
        with self._lock:
            seen: dict[UUID, int] = {}
            for fact in append.facts:
                version = seen.get(fact.stream, len(self._streams.get(fact.stream, ())))
                if fact.version != version + 1:
                    raise Conflict(f"stream {fact.stream} is at version {version}")
                seen[fact.stream] = fact.version
            if append.remembered is not None:
                self._remember(append.remembered)
            self._appends += 1
            recorded_at = datetime.now(UTC)
            for fact in append.facts:
                sealed = self._sealed(append, fact, recorded_at)
                self._streams[fact.stream].append(sealed)
                self._log.append(sealed)
            self._change_timers(append.timers)

    def landed(self, append: Append) -> bool:
        with self._lock:
            return any(each.append_id == append.append_id for each in self._log)

    def recall(self, caller: str, key: str) -> Remembered | None:
        with self._lock:
            return self._remembered.get((caller, key))

    def remember(self, remembered: Remembered) -> None:
        with self._lock:
            self._remember(remembered)

    def wake_readers(self) -> None:
        """Nobody sleeps on a store in memory."""

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        with self._lock:
            later = [each for each in self._log if after is None or (each.position or after) > after]
        end = min(limit, len(later))
        while 0 < end < len(later) and later[end].append_id == later[end - 1].append_id:
            end += 1
        return later[:end]

    def excerpt(self, contacts: Collection[UUID], after: Position | None, *, most: int, window: int) -> Excerpt:
        wanted = set(contacts)
        with self._lock:
            later = [each for each in self._log if after is None or (each.position or after) > after]
        found = [each for each in later[:window] if wanted.intersection(each.contact_ids)]
        if len(found) > most:
            return Excerpt(tuple(found[:most]), found[most - 1].position)
        return Excerpt(tuple(found), later[window - 1].position if len(later) >= window else None)

    def _remember(self, remembered: Remembered) -> None:
        key = (remembered.caller, remembered.key)
        if key in self._remembered:
            raise Conflict("this key was used at the same moment")
        self._remembered[key] = remembered

    def _change_timers(self, changes: TimerChanges) -> None:
        for stream, name in changes.cancelled:
            self.timers.pop((stream, name), None)
        for stream, name, due_at, scheduled_by in changes.scheduled:
            self.timers[stream, name] = (due_at, scheduled_by)

    def _sealed(self, append: Append, fact: NewFact, recorded_at: datetime) -> Sealed:
        return Sealed(
            stream=fact.stream,
            version=fact.version,
            append_id=append.append_id,
            partition_key=fact.partition_key,
            occurred_at=fact.occurred_at or recorded_at,
            recorded_at=recorded_at,
            actor=append.actor,
            channel=append.channel,
            contact_ids=fact.contact_ids,
            correlation_id=append.correlation_id,
            causation_id=append.causation_id,
            traceparent=append.traceparent,
            position=Position(1, self._appends, len(self._log) + 1),
            type=fact.type,
            value=fact.value,
        )
