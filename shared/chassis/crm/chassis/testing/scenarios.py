"""Given facts, when a command, then facts: rules tested without I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from crm.chassis.decider import Aggregate, Rejected, facts_of
from crm.events import Fact


def scenarios(aggregate: Aggregate[Any, Any]) -> "Callable[..., Given]":
    """`given` for the rules of one aggregate: `given(facts…).when(command, …).then(facts…)`."""

    def given(*facts: Fact) -> Given:
        return Given(aggregate, facts)

    return given


@dataclass(frozen=True)
class Given:
    """What happened before."""

    aggregate: Aggregate[Any, Any]
    facts: tuple[Fact, ...]

    def when(self, command: Callable[..., Any], **arguments: Any) -> "When":
        """A command is given to the state those facts lead to."""
        state = self.aggregate.fold(self.facts)
        try:
            return When(self, facts_of(partial(command, **arguments)(state)), None)
        except Rejected as refusal:
            return When(self, (), refusal)


@dataclass(frozen=True)
class When:
    """What a command decided."""

    given: Given
    decided: tuple[Fact, ...]
    refusal: Rejected | None

    def then(self, *facts: Fact) -> None:
        """It decided exactly these facts, and the state takes them."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.decided == facts, f"decided {self.decided}, expected {facts}"
        self.given.aggregate.fold((*self.given.facts, *self.decided))

    def then_nothing(self) -> None:
        """There was nothing to do."""
        self.then()

    def then_rejected(self, words: str, kind: type[Rejected] = Rejected) -> None:
        """It was refused, in a sentence that contains these words."""
        assert self.refusal is not None, f"was not refused, but decided {self.decided}"
        assert isinstance(self.refusal, kind), f"refused as {type(self.refusal).__name__}: {self.refusal}"
        assert words.lower() in self.refusal.sentence.lower(), f"refused with other words: {self.refusal}"
