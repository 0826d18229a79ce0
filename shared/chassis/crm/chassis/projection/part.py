"""What a feed takes in one transaction: a batch or, where something in it cannot be written, a part of one."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg import Connection

from crm.chassis.projection.delivery import Delivery, Malformed, Mark
from crm.events import Sealed

Also = Callable[[Connection[Any]], None]


@dataclass(frozen=True)
class Part:
    """Facts in their order, and what else goes with them."""

    facts: Sequence[Delivery]
    known: Collection[UUID] | None = None
    """The only streams that may have been seen before; None: any of them."""
    also: Also | None = None
    """Written in the same transaction, after the rows."""
    refused: Exception | None = None
    """Why these facts could not be written: they are parked instead."""

    @property
    def sealed(self) -> list[Sealed]:
        """Without what is malformed."""
        return [each.sealed for each in self.facts if not isinstance(each.sealed, Malformed)]

    @cached_property
    def marks(self) -> dict[int, Mark]:
        """The last mark of each shard."""
        return {each.shard: each.mark for each in self.facts}

    def halves(self) -> "tuple[Part, Part]":
        """In order. What goes with the whole goes with the second; what may be known is not told apart."""
        half = len(self.facts) // 2
        return Part(self.facts[:half]), Part(self.facts[half:], also=self.also)

    def parked(self, error: Exception) -> "Part":
        """The same facts, to be parked with this error."""
        return replace(self, known=None, refused=error)
