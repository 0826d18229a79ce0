"""How many facts are taken at once: fewer where they take long, up to a most where they do not."""

from crm.chassis.projection.delivery import Outcome


class Pace:
    """A limit that follows how long batches take. `longest_s`: how many seconds one should take at most."""

    def __init__(self, most: int, longest_s: float, *, first: int | None = None) -> None:
        self.limit = most if first is None else min(first, most)
        self._most, self._longest_s = most, longest_s

    def took(self, outcome: Outcome) -> None:
        """Learns from a batch that is done."""
        if outcome.seconds > self._longest_s:
            self.limit = max(1, int(min(self.limit, outcome.consumed) * self._longest_s / outcome.seconds))
        elif self.limit < self._most and outcome.consumed >= self.limit // 2:
            self.limit = min(self._most, self.limit * 2)
