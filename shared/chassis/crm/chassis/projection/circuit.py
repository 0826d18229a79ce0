"""The circuit breaker of a view: it notices that the view is broken rather than a fact."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


class CannotGoOn(Exception):  # noqa: N818
    """The reason for what fails is not in the facts. The view stops; its cause is the last error."""


class TooManyFailures(CannotGoOn):
    """So many facts fail that parking them would fill the parking lot."""


@dataclass
class Circuit:
    """Counts failures, over the parts of a batch and over batches.

    `streaks` last over batches: how many streams failed on facts of a type since one of that type was applied. Facts
    that came out of order have no type here; whatever is applied ends their streak.
    """

    most_share: float = 0.01
    least: int = 10
    """So many failures in a batch never stop a view by their share alone."""
    most_in_a_row: int = 5
    streaks: dict[str, int] = field(default_factory=dict)
    facts: int = 0
    """How many facts the batch under way has,"""
    failures: int = 0
    """and how many of them failed so far."""

    def begin(self, facts: int) -> None:
        """A batch begins; it may be taken in parts."""
        self.facts, self.failures = facts, 0

    @contextmanager
    def unless_discarded(self) -> Iterator[None]:
        """Forgets what was counted within if the block raises: nothing of it was kept, and the facts come again."""
        streaks, failures = dict(self.streaks), self.failures
        try:
            yield
        except BaseException:
            self.streaks, self.failures = streaks, failures
            raise

    def applied(self, fact_type: str) -> None:
        """A fact was handled."""
        if self.streaks:
            self.streaks.pop(fact_type, None)
            self.streaks.pop("", None)

    def failed(self, fact_type: str, error: BaseException) -> None:
        """A fact failed. Raises `TooManyFailures`."""
        self.failures += 1
        streak = self.streaks[fact_type] = self.streaks.get(fact_type, 0) + 1
        if streak >= self.most_in_a_row:
            what = f" on {fact_type}" if fact_type else ""
            raise TooManyFailures(f"{streak} streams in a row failed{what}") from error
        if self.failures > max(self.least, self.facts * self.most_share):
            raise TooManyFailures(f"{self.failures} of {self.facts} facts failed") from error
