"""How a relay is doing, for health and metrics. Read from other threads."""

from dataclasses import dataclass
from datetime import UTC, datetime

from crm.events import Position

START = Position(0, 0, 0)
"""Before every fact."""


@dataclass
class RelayStatus:
    """What a relay last knew."""

    leads: bool = False
    position: Position = START
    """Up to here everything is on Kafka."""
    published: int = 0
    """Facts acknowledged by Kafka since this process started."""
    republished: int = 0
    """Those of them that had been sent before."""
    behind_since: datetime | None = None
    """When the oldest fact that is not on Kafka was recorded (UTC); None if there is none."""
    error: str | None = None
    """What went wrong last; None once it goes on."""
    needs_a_person: bool = False
    """It will not go on by itself: the error says what to do."""

    @property
    def lag_s(self) -> float:
        """Age of the oldest fact that is not on Kafka, in seconds."""
        if self.behind_since is None:
            return 0.0
        return max(0.0, (datetime.now(UTC) - self.behind_since).total_seconds())

    @property
    def is_healthy(self) -> bool:
        return not self.needs_a_person
