"""Policies: what happens by itself when a fact is recorded. They act on live facts only, never in a rebuild."""

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from opentelemetry import trace
from opentelemetry.context import Context as NoParent

from crm.chassis.decider import Aggregate, Command, Rejected
from crm.chassis.log import Commands, Context, EventLog, Idempotency, Step, Written
from crm.chassis.telemetry import links_to
from crm.events import Fact, Recorded, type_of

if TYPE_CHECKING:
    from crm.chassis.runtime import Runtime

Rule = Callable[..., None]
_tracer = trace.get_tracer("crm.policy")
R = TypeVar("R", bound=Rule)


class Policy:
    """A named set of rules `whenever(fact) -> commands`, with a place of its own in every source it follows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._rules: dict[str, list[Rule]] = defaultdict(list)

    @property
    def types(self) -> frozenset[str]:
        """The fact types that some rule answers to."""
        return frozenset(self._rules)

    def whenever(self, *facts: type[Fact]) -> Callable[[R], R]:
        """Registers a rule `(e, do)` or `(e, do, runtime)`. A refused command is an answer too: the rule goes on."""

        def register(rule: R) -> R:
            for fact in facts:
                self._rules[type_of(fact)].append(rule)
            return rule

        return register

    def answer(self, e: Recorded[Fact], runtime: "Runtime") -> None:
        """Runs the rules for a fact. Run twice, it does once: each command is marked by (policy, event id, ordinal)."""
        do = PolicyCommands(runtime.log, self.name, e)
        # A trace of its own, linked to the one that made the fact: causes cross services by links, not by parents.
        with _tracer.start_as_current_span(f"policy {self.name}", context=NoParent(), links=links_to(e.traceparent)):
            for rule in self._rules.get(type_of(e.fact), ()):
                with_runtime = len(inspect.signature(rule).parameters) > 2
                rule(e, do, runtime) if with_runtime else rule(e, do)


class PolicyCommands(Commands):
    """Commands that answer to one fact. Numbered as they come, so that a repeat is recognised."""

    def __init__(self, log: EventLog, policy: str, cause: Recorded[Fact]) -> None:
        super().__init__(
            log,
            Context(
                actor=f"policy:{policy}",
                channel=cause.channel,
                correlation_id=cause.correlation_id,
                causation_id=cause.event_id,
            ),
        )
        self._policy, self._cause = policy, cause
        self._ordinals = count()  # shared with what `with_` makes of these commands

    def _execute(self, plans: Iterator[tuple[Step, ...]], *, planned: bool = False) -> Written:
        key = Idempotency(f"policy:{self._policy}", f"{self._cause.event_id}:{next(self._ordinals)}", b"")
        return Commands(self._log, self.context.with_(idempotency=key))._execute(plans, planned=planned)

    def try_(self, aggregate: Aggregate[Any, Any], stream: UUID, command: Command) -> Written | Rejected:
        """Executes a command whose refusal is an answer the rule can live with, and returns the refusal."""
        try:
            return self.execute(aggregate, stream, command)
        except Rejected as refusal:
            return refusal

    def holder(self, kind: str, match_key: str) -> UUID | None:
        """Who holds an identifier now, from the log."""
        return self._log.holder(kind, match_key)


def perform(
    do: Commands,
    aggregate: Aggregate[Any, Any],
    stream: UUID,
    *,
    hand_off: Command,
    call: Callable[[], Command],
    unknown: Command,
) -> Written:
    """A side effect at most once: the hand-off is recorded before the call, the result after it.

    `call` returns the command that records the result. If the hand-off was recorded by an earlier life that left no
    result, or the call raises, `unknown` is recorded and people decide; it is never blindly repeated. `hand_off` must
    decide nothing, and `unknown` too, once there is a result.
    """
    handed = do(aggregate, stream, hand_off)
    if handed.replayed or not handed.event_ids:
        return do(aggregate, stream, unknown)
    try:
        result = call()
    except Exception:
        return do(aggregate, stream, unknown)
    return do(aggregate, stream, result)


def settle(do: Commands, aggregate: Aggregate[Any, Any], stream: UUID, *, unknown: Command) -> Written:
    """Records `unknown` for a hand-off of an earlier life that left no result, numbered as `perform` numbers it."""
    return perform(do, aggregate, stream, hand_off=lambda _: None, call=_never_again, unknown=unknown)


def _never_again() -> Command:
    raise AssertionError("a side effect happens once")
