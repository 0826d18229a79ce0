"""What a feed takes in one transaction: a batch, or parts of one that cannot be written or done in time as a whole."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from uuid import UUID

from psycopg import Connection, OperationalError, errors

from crm.chassis.projection.circuit import CannotGoOn
from crm.chassis.projection.delivery import Delivery, Malformed, Mark, Outcome
from crm.chassis.projection.failures import is_transient
from crm.chassis.projection.places import Overtaken
from crm.events import Sealed

Also = Callable[[Connection[Any]], None]

_TIMEOUTS = (errors.QueryCanceled, errors.TransactionTimeout, errors.IdleInTransactionSessionTimeout)


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


Take = Callable[[Part], Outcome]


class _TooLong(Exception):  # noqa: N818
    """A part was cut off at work: it may have been too much for one transaction."""

    def __init__(self, error: OperationalError) -> None:
        self.error = error


@contextmanager
def at_work(connection: Connection[Any]) -> Iterator[None]:
    """Around what a part does once it has its turn: if it is cut off there, it comes again in halves.

    A server that ends a transaction for its length does not reach who is sending rows: the connection is only lost.
    """
    try:
        yield
    except OperationalError as error:
        lost = connection.broken and error.sqlstate is None
        if lost or isinstance(error, _TIMEOUTS):
            raise _TooLong(error) from error
        raise


def take_in_parts(part: Part, take: Take) -> Outcome:
    """The whole part if that can be; else halves of it, down to the single fact, which is parked if it is its fault.

    Raises what `take` raises, for a fact alone or for another reason than the facts, and `CannotGoOn` if a fact can
    not even be parked. Parts before the one that raised are kept.
    """
    try:
        return take(part)
    except _TooLong as long:
        if len(part.facts) <= 1:
            raise long.error from None
    except Exception as error:
        if not _is_of_a_fact(error):
            raise
        if len(part.facts) <= 1:
            return _park(part.parked(error), take)
    first, second = part.halves()
    return take_in_parts(first, take) + take_in_parts(second, take)


def _park(part: Part, take: Take) -> Outcome:
    try:
        return take(part)
    except Exception as again:
        if not _is_of_a_fact(again):
            raise
        raise CannotGoOn("a fact can be neither written nor parked") from again


def _is_of_a_fact(error: Exception) -> bool:
    """Whether an error may be the fault of one fact."""
    return not (is_transient(error) or isinstance(error, CannotGoOn | Overtaken))
