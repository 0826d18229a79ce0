"""What the log needs of a place to keep facts. PostgreSQL is the real one, memory the one for fast tests."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from crm.events import Position, Sealed


class Conflict(Exception):  # noqa: N818
    """Somebody else appended to one of the streams, or used the same key, at the same time."""


class Disconnected(Exception):  # noqa: N818
    """The store cannot be reached. `after_sending`: it went away in the middle, so the append may have landed."""

    def __init__(self, sentence: str, *, after_sending: bool = False) -> None:
        super().__init__(sentence)
        self.after_sending = after_sending


class KeyReused(Exception):  # noqa: N818
    """An idempotency key came with another request than before."""


class LateLoad(Exception):  # noqa: N818
    """A stream was loaded in a transaction that has its id already: a later version could settle before an earlier."""


@dataclass(frozen=True)
class NewFact:
    """A fact about to be appended. `occurred_at` None means: when the database records it."""

    stream: UUID
    version: int
    type: str
    value: bytes
    partition_key: UUID
    contact_ids: tuple[UUID, ...]
    occurred_at: datetime | None


@dataclass(frozen=True)
class Remembered:
    """What a caller was answered: facts, nothing (a no-op), or a refusal."""

    caller: str
    key: str
    request_hash: bytes
    stream: UUID
    version: int
    event_ids: tuple[str, ...] = ()
    refusal: dict[str, Any] | None = None


@dataclass(frozen=True)
class TimerChanges:
    """Timers as a decision leaves them. `scheduled` is (stream, name, due at, event id that scheduled it)."""

    scheduled: tuple[tuple[UUID, str, datetime, str], ...] = ()
    cancelled: tuple[tuple[UUID, str], ...] = ()

    def __add__(self, other: "TimerChanges") -> "TimerChanges":
        return TimerChanges(self.scheduled + other.scheduled, self.cancelled + other.cancelled)


@dataclass(frozen=True)
class Append:
    """Everything one command writes, in one transaction."""

    append_id: UUID
    facts: tuple[NewFact, ...]
    """In the order in which they were decided, which is that of their positions."""
    actor: str
    channel: str
    correlation_id: str
    causation_id: str | None
    traceparent: str | None
    remembered: Remembered | None = None
    timers: TimerChanges = field(default_factory=TimerChanges)


@dataclass(frozen=True)
class Excerpt:
    """Some facts about some contacts. `next` is where to go on reading; None at the end of the log."""

    facts: tuple[Sealed, ...]
    next: Position | None


class Store(Protocol):
    """Keeps facts. Every method raises `Disconnected` if the store is away."""

    def load(self, streams: Collection[UUID]) -> dict[UUID, list[Sealed]]:
        """The facts of some streams, each in version order; a stream that does not exist has none."""
        ...

    def append(self, append: Append) -> None:
        """Writes all of it or nothing. Raises `Conflict`."""
        ...

    def landed(self, append: Append) -> bool:
        """Whether an append whose outcome is not known was written."""
        ...

    def recall(self, caller: str, key: str) -> Remembered | None:
        """What a caller was answered under a key."""
        ...

    def remember(self, remembered: Remembered) -> None:
        """Keeps an answer that wrote no fact. Raises `Conflict` if the key is taken."""
        ...

    def wake_readers(self) -> None:
        """Tells those who tail the log that there is something new; after the commit, and never as part of it."""
        ...

    def read(self, after: Position | None, limit: int) -> Sequence[Sealed]:
        """Settled facts in position order, about `limit` of them; an append is never split."""
        ...

    def excerpt(self, contacts: Collection[UUID], after: Position | None, *, most: int, window: int) -> Excerpt:
        """At most so many settled facts about any of these contacts, among the next `window` of the log."""
        ...
