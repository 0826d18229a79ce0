"""Health of a process: it lives while its loops beat, is ready while its own database answers, and tells its lag."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

READY_TIMEOUT_S = 2.0


class Heartbeat:
    """The pulse of one loop. Beat at least once in `limit_s`, also when there is nothing to do. Thread-safe."""

    def __init__(self, limit_s: float = 60.0) -> None:
        self.limit_s = limit_s
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    @property
    def silence_s(self) -> float:
        """Seconds since the last beat."""
        return time.monotonic() - self._last

    @property
    def is_alive(self) -> bool:
        return self.silence_s <= self.limit_s


def _no_lag() -> Mapping[str, Any]:
    return {}


@dataclass(frozen=True)
class Health:
    """What `/health/*` asks. The callables may block; readiness is never tied to lag."""

    checks: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    """What must work before requests make sense, by name; not ready where one raises or returns False."""
    lag: Callable[[], Mapping[str, Any]] = _no_lag
    """How far behind each loop is, in seconds and facts, as JSON."""
    hearts: dict[str, Heartbeat] = field(default_factory=dict)
    """The loops of this process."""

    def heart(self, name: str, limit_s: float = 60.0) -> Heartbeat:
        """Makes the heartbeat of a loop that belongs to this process."""
        return self.hearts.setdefault(name, Heartbeat(limit_s))

    def silent(self) -> list[str]:
        """The loops that have stopped beating."""
        return [name for name, heart in self.hearts.items() if not heart.is_alive]

    def unready(self) -> list[str]:
        """The checks that fail now."""
        return [name for name, check in self.checks.items() if not _passes(check)]


def _passes(check: Callable[[], object]) -> bool:
    try:
        return check() is not False
    except Exception:
        return False
