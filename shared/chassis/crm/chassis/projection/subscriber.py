"""What follows facts: a view that folds them into rows, or a policy that acts on them. The runner treats both alike."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection

from crm.events import Fact, Recorded
from crm.events.upcasts import current_type

EVERYTHING = "*"
"""In `services`: the facts of every service."""


class Fold(Protocol):
    """One batch of facts on its way into a subscriber."""

    def apply(self, e: Recorded[Fact]) -> None:
        """Takes one fact. If it raises, everything is as before this fact."""
        ...

    def write(self, connection: Connection[Any], *, bulk: bool = False) -> None:
        """Writes what the applied facts led to, in the transaction of the batch; `bulk` in a rebuild."""
        ...


class Subscriber(Protocol):
    """Something that follows facts, each exactly once in effect, each stream in order."""

    @property
    def name(self) -> str:
        """The name under which its place in every source is kept."""
        ...

    @property
    def family(self) -> str:
        """The name people use, the same for every version."""
        ...

    @property
    def services(self) -> frozenset[str]:
        """The services whose facts it follows, or `EVERYTHING`."""
        ...

    @property
    def acts(self) -> bool:
        """True if it acts on live facts only: it starts at the present, and runs outside the batch's transaction."""
        ...

    @property
    def crossing(self) -> bool:
        """True if facts of different streams meet in one row, so that only one batch may be under way."""
        ...

    def wants(self, fact_type: str) -> bool:
        """Whether facts of a type, in any version, mean anything to it. The others are counted and skipped."""
        ...

    def begin(
        self, connection: Connection[Any], facts: Sequence[Recorded[Fact]], known: Collection[UUID] | None = None
    ) -> Fold:
        """Starts a batch; `facts` are those that will come if nothing fails.

        `known`: no stream but these was ever applied here. None: any may have been.
        """
        ...


class Follower:
    """A subscriber that acts: a policy. `act` must be idempotent by event id; it runs on live facts, one at a time."""

    acts = True
    crossing = False

    def __init__(self, name: str, types: frozenset[str], act: Callable[[Recorded[Fact]], None]) -> None:
        self.name = self.family = name
        self.types = types
        self.services = frozenset(each.split(".", 2)[1] for each in types)
        self._act = act

    def wants(self, fact_type: str) -> bool:
        return current_type(fact_type) in self.types

    def begin(
        self, connection: Connection[Any], facts: Sequence[Recorded[Fact]], known: Collection[UUID] | None = None
    ) -> "Follower":
        return self

    def apply(self, e: Recorded[Fact]) -> None:
        self._act(e)

    def write(self, connection: Connection[Any], *, bulk: bool = False) -> None:
        """What a policy decides is in the log already."""
