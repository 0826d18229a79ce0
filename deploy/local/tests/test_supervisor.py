"""The supervisor: back-off, order, and what it writes down."""

from collections.abc import Callable
from pathlib import Path

import pytest

from crm.chassis.embedded.process import ServerFailed
from crm.local import supervisor as module
from crm.local.state import read_standings
from crm.local.supervisor import Kept, Supervisor


class Tiny:
    """A part that does what it is told."""

    def __init__(self, name: str = "tiny", stopped: Callable[[str], None] = lambda _: None) -> None:
        self.name, self._stopped = name, stopped
        self.is_running = False
        self.pid = 2**22 + 1
        self.fails = False

    def start(self) -> None:
        if self.fails:
            raise ServerFailed("it has no port\nand a long log")
        self.is_running = True

    def stop(self) -> None:
        self.is_running = False
        self._stopped(self.name)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def crash(kept: Kept, part: Tiny) -> float:
    """Ends a part; returns the back-off."""
    part.is_running = False
    happened = kept.keep()
    assert happened
    assert "starts again in" in happened
    assert kept.due_at is not None
    return kept.backoff_s


def test_back_off_doubles_up_to_a_limit_and_starts_over_after_a_steady_time(clock: list[float]) -> None:
    part = Tiny()
    kept = Kept("tiny", part, Path("tiny.log"), 0)
    kept.start()
    found = []
    for _ in range(8):
        found.append(crash(kept, part))
        assert kept.keep() is None  # not yet
        clock[0] += kept.backoff_s
        assert kept.keep() == "tiny runs again"
        assert kept.keep() is None
    assert found == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert kept.restarts == 8
    clock[0] += module.STEADY_S
    assert crash(kept, part) == 0.5


def test_a_start_that_fails_is_a_crash_too(clock: list[float]) -> None:
    part = Tiny()
    kept = Kept("tiny", part, Path("tiny.log"), 0)
    kept.start()
    crash(kept, part)
    part.fails = True
    clock[0] += 0.5
    assert kept.keep() == "tiny did not start (it has no port); it starts again in 1 s. Its log: tiny.log"
    part.fails = False
    clock[0] += 1
    assert kept.keep() == "tiny runs again"


def test_the_highest_layer_stops_first(tmp_path: Path) -> None:
    order: list[str] = []
    supervisor = Supervisor(tmp_path / "processes.json", lambda _: None, lambda _: None)
    for layer, name in enumerate(["postgres", "kafka", "api"]):
        supervisor.start(name, Tiny(name, order.append), tmp_path / "log", layer=layer)
    supervisor.end()
    assert order == ["api", "kafka", "postgres"]
    assert not (tmp_path / "processes.json").exists()


def test_it_tells_and_writes_down_what_happened(tmp_path: Path, clock: list[float]) -> None:
    told: list[str] = []
    changes: list[str] = []
    part = Tiny()
    supervisor = Supervisor(tmp_path / "processes.json", lambda _: None, told.append, lambda: changes.append("changed"))
    supervisor.start("tiny", part, tmp_path / "log", layer=0)
    part.is_running = False
    supervisor.look()
    (waiting,) = read_standings(tmp_path / "processes.json")
    assert waiting.pid is None
    assert waiting.starts_at is not None
    clock[0] += 0.5
    supervisor.look()
    (runs,) = read_standings(tmp_path / "processes.json")
    assert (runs.pid, runs.restarts) == (part.pid, 1)
    assert changes == ["changed"] * 2
    assert told[1] == "tiny runs again"
