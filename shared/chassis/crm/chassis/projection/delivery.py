"""What sources hand over: facts, where they stood, and what to remember of that."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, TypeAlias
from uuid import UUID

from crm.events import Position, Sealed

Mark: TypeAlias = Position
"""A place in a source, remembered after what stood there: in the own log the fact's position; in a topic's partition
(generation of the topic, 0, next offset)."""

START = Position(0, 0, 0)

LOG_SHARD = 0
"""The own log is one sequence."""


@dataclass(frozen=True)
class Malformed:
    """A record that is no fact. `raw` is what came, as JSON; `error` names what is wrong with it, no values."""

    raw: dict[str, object]
    error: str


class Delivery(NamedTuple):
    """A fact of a source, its shard (partition), and the mark to remember once it is dealt with."""

    sealed: Sealed | Malformed
    shard: int
    mark: Mark


@dataclass(frozen=True)
class Outcome:
    """What became of one batch, for metrics and traces."""

    subscriber: str
    source: str
    facts: Sequence[Delivery]
    applied: int = 0
    repeats: int = 0
    parked: int = 0
    queued: int = 0
    unknown: int = 0
    seconds: float = 0.0
    erased: frozenset[UUID] = frozenset()
    newest: datetime | None = field(default=None)
    """When the batch's last fact was recorded."""

    @property
    def consumed(self) -> int:
        return len(self.facts)

    def __add__(self, later: "Outcome") -> "Outcome":
        """What became of a batch that was taken in two parts."""
        return Outcome(
            self.subscriber,
            self.source,
            [*self.facts, *later.facts],
            applied=self.applied + later.applied,
            repeats=self.repeats + later.repeats,
            parked=self.parked + later.parked,
            queued=self.queued + later.queued,
            unknown=self.unknown + later.unknown,
            seconds=self.seconds + later.seconds,
            erased=self.erased | later.erased,
            newest=later.newest or self.newest,
        )
