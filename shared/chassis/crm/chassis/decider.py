"""Deciding: pure commands over a folded state. Standard library only, no I/O, no clock, no ids made inside."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeAlias, TypeVar, get_args
from uuid import UUID

S = TypeVar("S")
F = TypeVar("F")

Decision: TypeAlias = "F | tuple[F, ...] | None"
Command: TypeAlias = Callable[[Any], Any]
"""`(state | None) -> fact | tuple of facts | None`; its other arguments are bound with `functools.partial`."""

Claim: TypeAlias = tuple[str, str]
"""A kind of identifier and the match key that only one stream may hold."""


class Rejected(Exception):  # noqa: N818 (named as people speak)
    """A command was refused by a rule. The sentence is shown to people and holds no personal data."""

    def __init__(self, sentence: str, *, field: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.field = field


class Unknown(Rejected):
    """The thing a command is about does not exist."""


class Erased(Rejected):
    """The person a command is about was erased."""


class Taken(Rejected):
    """An identifier is held by another stream; `holder` won."""

    def __init__(self, kind: str, holder: UUID) -> None:
        super().__init__(f"This {kind.replace('_', ' ')} already belongs to {holder}.", field=kind)
        self.kind = kind
        self.holder = holder


class Tombstoned(Rejected):
    """An identifier belonged to somebody who was erased; it is taken in again only if they came back themselves."""

    def __init__(self, kind: str) -> None:
        named = kind.replace("_", " ")
        super().__init__(
            f"Whoever had this {named} was erased on request. It is recorded again only if they came back themselves:"
            " say so, with evidence.",
            field=kind,
        )
        self.kind = kind


class Moved(Rejected):
    """The stream changed since the version the caller had seen (`If-Match`)."""

    def __init__(self, expected: int, version: int) -> None:
        super().__init__(f"This record has changed: you saw version {expected}, it is now at {version}. Reload it.")
        self.expected = expected
        self.version = version


@dataclass(frozen=True)
class Aggregate(Generic[S, F]):
    """How the facts of one kind of stream fold into a state, and what follows from that state."""

    name: str
    facts: Any
    """The union of the fact classes of this aggregate."""
    evolve: Callable[[S | None, F], S]
    about: Callable[[UUID, S], Iterable[UUID]] | None
    """The contacts a state is about, the first one first; an explicit None where there is none."""
    claims: Callable[[S], set[Claim]] | None = None
    """The identifiers a state holds for itself alone."""
    timers: Callable[[S], dict[str, datetime]] | None = None
    """The timers a state waits for: name and due time (UTC)."""
    forgotten: Callable[[S], bool] | None = None
    """Whether what a state no longer holds is tombstoned: nobody claims it again but who has `returned`."""
    returned: Callable[[S], bool] | None = None
    """Whether a state may claim what was tombstoned."""

    def fold(self, facts: Iterable[F], state: S | None = None) -> S | None:
        """The state after some facts, from nothing or from an earlier state."""
        for fact in facts:
            state = self.evolve(state, fact)
        return state

    def decide_in_turn(self, state: S | None, commands: Iterable[Command]) -> tuple[F, ...]:
        """What some commands decide, each on the state that the ones before it lead to. Raises what they raise."""
        decided: list[F] = []
        for command in commands:
            for fact in facts_of(command(state)):
                decided.append(fact)
                state = self.evolve(state, fact)
        return tuple(decided)

    @property
    def fact_classes(self) -> tuple[type[F], ...]:
        return get_args(self.facts) or (self.facts,)


def refusing(refusal: Rejected) -> Command:
    """Refuses whatever the state; as the command's own refusal, so that a repeated request gets the same answer."""

    def refuse(_: Any) -> None:
        raise refusal

    return refuse


def facts_of(decision: "Decision[F]") -> tuple[F, ...]:
    """What a command decided, as a tuple: nothing, one fact, or several."""
    if decision is None:
        return ()
    return decision if isinstance(decision, tuple) else (decision,)
