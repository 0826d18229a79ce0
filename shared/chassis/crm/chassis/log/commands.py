"""Executing commands: load, decide, append in one statement; decide again when somebody else was faster."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import replace
from datetime import datetime
from itertools import repeat
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID, uuid4

from opentelemetry import trace
from opentelemetry.trace import SpanKind

from crm.chassis.decider import Aggregate, Command, Rejected, Taken
from crm.chassis.log.context import Context, Idempotency, Step, Written
from crm.chassis.log.draft import Draft
from crm.chassis.log.refusals import raise_again, written_down
from crm.chassis.log.store import Append, Conflict, Disconnected, KeyReused, Remembered
from crm.chassis.telemetry import traceparent_of

if TYPE_CHECKING:
    from crm.chassis.log.event_log import EventLog

ATTEMPTS = 3
"""How often a command is decided on fresh state before the caller is told that the record is busy."""

_tracer = trace.get_tracer("crm.log")


class Commands:
    """Executes commands in one context: for one request, one fact a policy answers to, or one timer."""

    def __init__(self, log: "EventLog", context: Context) -> None:
        self._log = log
        self.context = context

    def with_(self, **changes: Any) -> Self:
        """The same log, for another context."""
        other = copy(self)
        other.context = replace(self.context, **changes)
        return other

    def execute(
        self,
        aggregate: Aggregate[Any, Any],
        stream: UUID,
        command: Command,
        expected: int | None = None,
        *,
        occurred_at: datetime | None = None,
    ) -> Written:
        """Decides a command on a stream's state and appends what it decided.

        Raises `Rejected` and its kinds, `Conflict` when the stream stays busy, `KeyReused`, `KeyringUnavailable`.
        """
        commands = self if occurred_at is None else self.with_(occurred_at=occurred_at)
        return commands.execute_together(Step(aggregate, stream, command, expected))

    __call__ = execute

    def execute_together(self, *steps: Step) -> Written:
        """Decides several streams' commands in order and appends all their facts atomically, or none."""
        return self._execute(repeat(steps))

    def execute_planned(self, plan: Callable[[], Sequence[Step]]) -> Written:
        """The same for steps that follow from what is in the log: who holds an identifier, what stands above what.

        The plan is made again when it fell behind: a stream moved since it was `seen`, or an identifier was taken.
        """
        return self._execute((tuple(plan()) for _ in range(ATTEMPTS)), planned=True)

    def _execute(self, plans: Iterator[tuple[Step, ...]], *, planned: bool = False) -> Written:
        steps = next(plans)
        with _append_span(steps[0], self.context) as traceparent:
            failure: Exception = Conflict("Others are changing this record at the same moment. Try again.")
            for left in reversed(range(ATTEMPTS)):
                try:
                    return self._attempt(steps, traceparent, again=planned and left > 0)
                except Conflict:
                    if answer := self._recalled():
                        return answer
                except Disconnected as away:
                    # Without a key nobody could tell a repeat: what was sent may still be written.
                    if away.after_sending and self.context.idempotency is None:
                        raise
                    failure = away
                if left:
                    steps = next(plans)
            raise failure

    def _attempt(self, steps: tuple[Step, ...], traceparent: str, *, again: bool) -> Written:
        log = self._log
        draft = Draft(log.keys, log.claims, self.context.occurred_at)
        try:
            draft.decide(steps, log.store.load({step.stream for step in steps}))
        except Rejected as refusal:
            if again and isinstance(refusal, Taken):
                raise Conflict("an identifier was taken after the plan was made") from refusal
            return self._refused(steps[0].stream, refusal)
        main = steps[0].stream
        append = self._append_of(draft, main, traceparent)
        if append.facts:
            self._append(append)
        elif append.remembered is not None:
            if answer := self._recalled():
                return answer
            log.store.remember(append.remembered)
        return log.written(main, draft.version(main), _event_ids(append))

    def _append(self, append: Append) -> None:
        store = self._log.store
        try:
            store.append(append)
        except Disconnected as away:
            if not self._landed(append):
                raise Disconnected(str(away), after_sending=True) from away
        store.wake_readers()

    def _landed(self, append: Append) -> bool:
        try:
            return self._log.store.landed(append)
        except Disconnected:
            return False

    def _append_of(self, draft: Draft, main: UUID, traceparent: str) -> Append:
        context = self.context
        append = Append(
            append_id=uuid4(),
            facts=tuple(draft.facts),
            actor=context.actor,
            channel=context.channel,
            correlation_id=context.correlation_id,
            causation_id=context.causation_id,
            traceparent=traceparent,
            timers=draft.timers(),
        )
        return replace(append, remembered=self._memory(main, draft.version(main), _event_ids(append)))

    def _refused(self, stream: UUID, refusal: Rejected) -> Written:
        if answer := self._recalled():
            return answer
        if memory := self._memory(stream, 0, refusal=written_down(refusal)):
            self._log.store.remember(memory)
        raise refusal

    def _memory(
        self, stream: UUID, version: int, event_ids: tuple[str, ...] = (), refusal: dict[str, Any] | None = None
    ) -> Remembered | None:
        asked = self.context.idempotency
        if asked is None:
            return None
        return Remembered(asked.caller, asked.key, self._hash(asked), stream, version, event_ids, refusal)

    def _hash(self, asked: Idempotency) -> bytes:
        # Marks of policies and timers carry no request: they outlive every key.
        return self._log.keys.keyed_hash(asked.request) if asked.request else b""

    def _recalled(self) -> Written | None:
        """The answer to an earlier request with the same key. Raises the refusal it got, or `KeyReused`."""
        asked = self.context.idempotency
        memory = self._log.store.recall(asked.caller, asked.key) if asked else None
        if asked is None or memory is None:
            return None
        if not secrets.compare_digest(memory.request_hash, self._hash(asked)):
            raise KeyReused("This Idempotency-Key was used for another request. Use a new key for a new request.")
        if memory.refusal is not None:
            raise_again(memory.refusal)
        return replace(self._log.written(memory.stream, memory.version, memory.event_ids), replayed=True)


def _event_ids(append: Append) -> tuple[str, ...]:
    return tuple(f"{fact.stream}:{fact.version}" for fact in append.facts)


@contextmanager
def _append_span(step: Step, context: Context) -> Iterator[str]:
    """The span that every fact of the append belongs to. Without tracing a fact still gets a trace of its own."""
    with _tracer.start_as_current_span(f"append {step.aggregate.name}", kind=SpanKind.INTERNAL) as span:
        span.set_attribute("crm.stream", str(step.stream))
        span.set_attribute("crm.correlation_id", context.correlation_id)
        current = span.get_span_context()
        if current.is_valid:
            yield traceparent_of(current)
        else:
            yield context.traceparent or f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
