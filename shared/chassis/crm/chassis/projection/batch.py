"""One batch of facts on its way: each is applied, a repeat, parked, or queued behind a parked one; nothing else."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias
from uuid import UUID

from crm.chassis.projection.circuit import Circuit
from crm.chassis.projection.delivery import Delivery, Malformed, Outcome
from crm.chassis.projection.failures import Jump, NotAFact, Reused, is_transient
from crm.chassis.projection.places import NEVER, Applied, Counts
from crm.chassis.projection.subscriber import Fold
from crm.events import Fact, Recorded, Sealed, catalogue
from crm.events.upcasts import current_type

CONTACT_ERASED = "crm.contacts.contact-erased.v1"

CLOCKS_APART = timedelta(seconds=2)
"""How much later than the last applied version a true repeat of an earlier one may claim to be recorded."""


Opened: TypeAlias = dict[int, Recorded[Fact] | Exception]
"""By `id(sealed)`: the facts that mean something to the subscriber, or why one cannot be read."""


@dataclass(frozen=True)
class Held:
    """A fact that is kept aside: parked with its error, or queued behind a parked one."""

    delivery: Delivery
    error: BaseException | None


@dataclass
class Batch:
    """What a batch leads to, until it is written."""

    streams: dict[UUID, Applied]
    late: bool
    circuit: Circuit | None
    new: set[UUID] = field(default_factory=set)
    """Streams that were never seen here before."""
    counts: dict[int, Counts] = field(default_factory=lambda: defaultdict(Counts))
    changed: dict[UUID, Applied] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    erased: set[UUID] = field(default_factory=set)
    newest: datetime | None = None

    def fold(self, facts: Sequence[Delivery], fold: Fold, opened: Opened) -> None:
        """Takes every fact in order. Raises transient errors as they come, and `TooManyFailures`."""
        for delivery in facts:
            counts = self.counts[delivery.shard]
            counts.consumed += 1
            sealed = delivery.sealed
            if isinstance(sealed, Malformed):
                self._park(delivery, NotAFact())
                continue
            at = self._place(sealed)
            if sealed.type == CONTACT_ERASED:
                self.erased.update(sealed.contact_ids)  # also when its stream is blocked: nothing delays an erasure
            if sealed.version <= at.version:
                self._repeat(delivery, sealed, at)
            elif at.blocked:
                self.held.append(Held(delivery, None))
            elif sealed.version != at.version + 1:
                self._block(delivery, at, Jump())
            else:
                self._next(delivery, sealed, at, fold, opened.get(id(sealed)))

    def outcome(self, subscriber: str, source: str, facts: Sequence[Delivery], seconds: float) -> Outcome:
        """What became of the batch, once it is written."""
        counts = self.counts.values()
        return Outcome(
            subscriber,
            source,
            facts,
            applied=sum(each.applied for each in counts),
            repeats=sum(each.repeats for each in counts),
            parked=sum(each.error is not None for each in self.held),
            queued=sum(each.error is None for each in self.held),
            unknown=sum(each.unknown for each in counts),
            seconds=seconds,
            erased=frozenset(self.erased),
            newest=self.newest,
        )

    def _place(self, sealed: Sealed) -> Applied:
        at = self.streams.get(sealed.stream)
        if at is None:
            before = sealed.version - 1 if self.late else 0
            at = self.streams[sealed.stream] = Applied(before, NEVER, sealed.recorded_at, False, before)
            self.new.add(sealed.stream)
        self.newest = sealed.recorded_at
        return at

    def _repeat(self, delivery: Delivery, sealed: Sealed, at: Applied) -> None:
        if is_repeat(sealed, at):
            self.counts[delivery.shard].repeats += 1
        elif at.blocked:
            self.held.append(Held(delivery, None))
        else:
            self._block(delivery, at, Reused())

    def _next(
        self,
        delivery: Delivery,
        sealed: Sealed,
        at: Applied,
        fold: Fold,
        opened: Recorded[Fact] | Exception | None,
    ) -> None:
        counts = self.counts[delivery.shard]
        if opened is not None:
            try:
                if isinstance(opened, Exception):
                    raise opened
                fold.apply(opened)
            except Exception as error:
                if is_transient(error):
                    raise
                self._block(delivery, at, error)
                return
            if self.circuit:
                self.circuit.applied(sealed.type)
        if current_type(sealed.type) not in catalogue.BY_TYPE:
            counts.unknown += 1
        counts.applied += 1
        if at.version == at.saved:
            self.changed[sealed.stream] = at
        at.version, at.append_id, at.recorded_at = sealed.version, sealed.append_id, sealed.recorded_at

    def _block(self, delivery: Delivery, at: Applied, error: BaseException) -> None:
        at.blocked = True
        sealed: Any = delivery.sealed
        self.changed[sealed.stream] = at
        self._park(delivery, error)

    def _park(self, delivery: Delivery, error: BaseException) -> None:
        self.held.append(Held(delivery, error))
        if self.circuit:
            sealed = delivery.sealed
            fact_type = "" if isinstance(sealed, Malformed) or isinstance(error, Jump | Reused) else sealed.type
            self.circuit.failed(fact_type, error)


def is_repeat(sealed: Sealed, at: Applied) -> bool:
    """Whether a version that is applied comes again from the same append.

    Of earlier versions the append is not kept. But one that took the place of a lost version was recorded after it.
    """
    if sealed.version == at.version:
        return sealed.append_id == at.append_id or at.append_id == NEVER
    return at.recorded_at is None or sealed.recorded_at <= at.recorded_at + CLOCKS_APART
