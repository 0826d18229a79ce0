"""A draft: what a command decided on freshly loaded state, before it is appended."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from crm.chassis.decider import Aggregate, Claim, Moved, Rejected, Unknown, facts_of
from crm.chassis.keys import Keys
from crm.chassis.log.claims import Claims, Standing
from crm.chassis.log.context import Step
from crm.chassis.log.store import Conflict, NewFact, TimerChanges
from crm.events import Fact, Sealed, type_of, upcasts, wire

CLOCK_SKEW = timedelta(minutes=5)
"""How far ahead of this machine's clock a caller's `occurred_at` may be."""

EARLIEST = datetime(1, 1, 2, tzinfo=UTC)
"""PostgreSQL would keep what is before year 1, but Python cannot read it: one such fact would stop every reader."""

LARGEST_FACT = 900_000
"""In bytes, as stored and sent: a broker takes a million by default, and one fact too large would stop the relay."""


@dataclass
class _Stream:
    """One stream while a command decides on it."""

    aggregate: Aggregate[Any, Any]
    id: UUID
    version: int
    state: Any
    before: Any
    opened_at: datetime | None
    partition_key: UUID | None
    contact_ids: tuple[UUID, ...] = ()

    def about(self) -> tuple[UUID, ...]:
        if self.aggregate.about is None or self.state is None:
            return ()
        about = self.aggregate.about(self.id, self.state)
        return tuple(sorted(about, key=str) if isinstance(about, set | frozenset) else about)


@dataclass
class Draft:
    """Decides steps in their order and gathers what is to be appended."""

    keys: Keys
    claims: Claims | None
    occurred_at: datetime | None
    facts: list[NewFact] = field(default_factory=list)
    _streams: dict[UUID, _Stream] = field(default_factory=dict)

    def decide(self, steps: Sequence[Step], histories: dict[UUID, list[Sealed]]) -> None:
        """Runs every step's command. Raises `Rejected` and its kinds, `Conflict`; nothing is appended then."""
        for step in steps:
            stream = self._streams.get(step.stream) or self._open(step, histories[step.stream])
            if step.expected is not None and step.expected != stream.version:
                if stream.version == 0:
                    raise Unknown(f"There is no such {step.aggregate.name}.")
                raise Moved(step.expected, stream.version)
            if step.seen is not None and step.seen != stream.version:
                raise Conflict("what the plan was made on has moved")
            for fact in facts_of(step.command(stream.state)):
                self._add(stream, fact, step.occurred_at or self.occurred_at)
        self._claim()

    def version(self, stream: UUID) -> int:
        """The version a stream has after this draft."""
        return self._streams[stream].version

    def timers(self) -> TimerChanges:
        """How the timers of the drafted streams change."""
        return sum((_timer_changes(each) for each in self._streams.values()), TimerChanges())

    def _open(self, step: Step, history: list[Sealed]) -> _Stream:
        state = step.aggregate.fold(
            wire.open_fact(each, self.keys.unseal).fact for each in own(step.aggregate, history)
        )
        first = history[0] if history else None
        stream = _Stream(
            aggregate=step.aggregate,
            id=step.stream,
            version=len(history),
            state=state,
            before=state,
            opened_at=first.occurred_at if first else None,
            partition_key=first.partition_key if first else None,
        )
        self._streams[step.stream] = stream
        stream.contact_ids = stream.about()
        return stream

    def _check_time(self, stream: _Stream, occurred_at: datetime | None) -> None:
        if occurred_at is None:
            return
        if occurred_at < EARLIEST:
            raise Rejected("This lies too far in the past. Give a later time.", field="occurred_at")
        if occurred_at > datetime.now(UTC) + CLOCK_SKEW:
            raise Rejected("This lies in the future. Give a time that has passed.", field="occurred_at")
        if stream.opened_at is not None and occurred_at < stream.opened_at:
            raise Rejected("This lies before the beginning of the record. Give a later time.", field="occurred_at")

    def _add(self, stream: _Stream, fact: Fact, occurred_at: datetime | None) -> None:
        if not isinstance(fact, stream.aggregate.fact_classes):
            raise TypeError(f"{type(fact).__name__} is not a fact of the aggregate {stream.aggregate.name}")
        self._check_time(stream, occurred_at)
        stream.state = stream.aggregate.evolve(stream.state, fact)
        stream.version += 1
        before, stream.contact_ids = stream.contact_ids, stream.about()
        if stream.partition_key is None:
            stream.partition_key = next(iter(stream.contact_ids), stream.id)
        about = tuple(dict.fromkeys((*before, *stream.contact_ids)))
        self._append(stream.id, stream.version, fact, stream.partition_key, about, occurred_at)

    def _append(
        self,
        stream: UUID,
        version: int,
        fact: Fact,
        partition_key: UUID,
        about: tuple[UUID, ...],
        occurred_at: datetime | None,
    ) -> None:
        seal = partial(self.keys.seal, partition_key, f"{stream}:{version}")
        value = wire.encode(fact, seal)
        if len(value) > LARGEST_FACT:
            raise Rejected(
                f"This is too long to be recorded: {len(value):,} bytes, {LARGEST_FACT:,} at most. Shorten it."
            )
        self.facts.append(NewFact(stream, version, type_of(fact), value, partition_key, about, occurred_at))

    def _claim(self) -> None:
        claiming = [each for each in self._streams.values() if each.aggregate.claims is not None]
        before = {each.id: _claims_of(each.aggregate, each.before) for each in claiming}
        after = {each.id: _claims_of(each.aggregate, each.state) for each in claiming}
        if before == after:
            return
        if self.claims is None:
            raise TypeError("an aggregate declares claims, but the service declares no claim facts")
        for change in self.claims.changes(before, after, _standing(claiming)):
            self._append(change.stream, change.version, change.fact, change.stream, (), self.occurred_at)


def own(aggregate: Aggregate[Any, Any], history: Sequence[Sealed]) -> Sequence[Sealed]:
    """The facts of a stream, if it is one of this aggregate. Raises `Unknown` if its id names something else."""
    types = {type_of(each) for each in aggregate.fact_classes}
    if history and upcasts.current_type(history[0].type) not in types:
        raise Unknown(f"There is no such {aggregate.name}.")
    return history


def _claims_of(aggregate: Aggregate[Any, Any], state: Any) -> set[Claim]:
    return set() if state is None or aggregate.claims is None else aggregate.claims(state)


def _standing(streams: Sequence[_Stream]) -> Standing:
    forgotten = (each.id for each in streams if each.aggregate.forgotten and each.aggregate.forgotten(each.state))
    returned = (each.id for each in streams if each.aggregate.returned and each.aggregate.returned(each.state))
    return Standing(frozenset(forgotten), frozenset(returned))


def _timer_changes(stream: _Stream) -> TimerChanges:
    declared = stream.aggregate.timers
    if declared is None or stream.state is stream.before:
        return TimerChanges()
    before = declared(stream.before) if stream.before is not None else {}
    after = declared(stream.state)
    by = f"{stream.id}:{stream.version}"
    moved = tuple((stream.id, name, due_at, by) for name, due_at in after.items() if before.get(name) != due_at)
    return TimerChanges(moved, tuple((stream.id, name) for name in before.keys() - after.keys()))
