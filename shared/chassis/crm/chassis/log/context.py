"""Who asks for a command and why, and what the caller is told."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

from crm.chassis.decider import Aggregate, Command


@dataclass(frozen=True)
class Idempotency:
    """What makes a repeated request recognisable: the caller's own key and the request itself."""

    caller: str
    key: str
    request: bytes


@dataclass(frozen=True)
class Context:
    """What the envelope of every fact of a command says about its origin. `occurred_at` is UTC; None means now."""

    actor: str
    channel: str = "api"
    correlation_id: str = field(default_factory=lambda: str(uuid4()))
    causation_id: str | None = None
    traceparent: str | None = None
    occurred_at: datetime | None = None
    idempotency: Idempotency | None = None

    def with_(self, **changes: Any) -> Self:
        return replace(self, **changes)


@dataclass(frozen=True)
class Step:
    """One stream's part of a command that changes several streams at once."""

    aggregate: Aggregate[Any, Any]
    stream: UUID
    command: Command
    expected: int | None = None
    seen: int | None = None
    """The version a plan was made on (0: no such stream). If the stream has moved, the plan is made again."""
    occurred_at: datetime | None = None
    """When it happened, if not at the context's time (UTC)."""


@dataclass(frozen=True)
class Written:
    """What a command did: its stream (the first, if several), that stream's version, and the token to read it by."""

    stream: UUID
    version: int
    token: str
    event_ids: tuple[str, ...]
    replayed: bool = False
