"""The life of a suite: it tells what runs, restarts what crashes, and leaves nothing behind, however it ends."""

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from crm.chassis.embedded.process import ServerFailed
from crm.chassis.testing.waiting import eventually
from crm.local import lifecycle
from crm.local.calling import NothingRuns, described
from crm.local.state import Lock, RunsAlready, read_standings
from crm.local.suite import Layout

CHILDREN = ["api", "relay", "projector", "timers"]
NAMES = [f"contacts-{each}" for each in CHILDREN] + [f"analytics-{each}" for each in [*CHILDREN, "live"]]


Start = Callable[[str], Any]
"""Starts a suite with tiny children; see the modes in `conftest.py`."""


def children(layout: Layout) -> list[psutil.Process]:
    return [each.process for each in read_standings(layout.standings_file) if each.process]


def test_it_tells_how_to_reach_what_runs(layout: Layout, start: Start) -> None:
    start("ready").ready()
    assert layout.suite_file.stat().st_mode & 0o777 == 0o600
    suite = json.loads(layout.suite_file.read_text())
    assert list(suite) == ["services", "kafka", "postgres", "token", "processes", "mail"]
    assert suite["services"]["analytics"] == f"http://127.0.0.1:{layout.port_base + 5}"
    assert set(suite["postgres"]) == {"contacts", "analytics", "keyring"}
    assert [each["name"] for each in suite["processes"]] == NAMES
    assert all(set(each) == {"name", "service", "role", "pid"} for each in suite["processes"])
    assert [each["pid"] for each in suite["processes"]] == [each.pid for each in children(layout)]
    assert Path(suite["mail"]).is_dir()


def test_its_token_lives_thirty_days_and_permits_everything(layout: Layout, start: Start) -> None:
    start("ready").ready()
    agent = layout.issuer().verifier().verify(described(layout)["token"])
    assert agent.actor == "user:administrator"
    assert agent.may("anything:at-all")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("mode", ["ready", "deaf"])
def test_a_signal_stops_it_in_order(layout: Layout, start: Start, mode: str, how: signal.Signals) -> None:
    suite = start(mode).ready()
    left = children(layout)
    suite.signal(how)
    suite.signal(how)
    assert suite.end() == 0
    assert len(left) == len(NAMES)
    assert not any(each.is_running() for each in left)
    assert not layout.suite_file.exists()
    assert Lock(layout.lock_file).holder() is None


def test_down_stops_it_from_another_process(layout: Layout, start: Start) -> None:
    suite = start("ready").ready()
    left = children(layout)
    assert lifecycle.down(layout, lambda _: None)
    assert not psutil.pid_exists(suite.process.pid)
    assert not any(each.is_running() for each in left)
    assert not lifecycle.down(layout, lambda _: None)


def test_it_can_be_stopped_while_it_starts(layout: Layout, start: Start) -> None:
    suite = start("stuck")
    eventually(lambda: len(children(layout)) == len(NAMES))
    left = children(layout)
    assert not layout.suite_file.exists()
    with pytest.raises(NothingRuns, match="starting or stopping"):
        described(layout)
    suite.signal(signal.SIGTERM)
    assert suite.end() == 0
    assert not any(each.is_running() for each in left)


def test_a_process_that_ends_while_it_starts_ends_the_start(layout: Layout, start: Start) -> None:
    suite = start("broken")
    assert suite.end() != 0
    assert not layout.suite_file.exists()
    assert children(layout) == []


def test_nothing_outlives_a_killed_supervisor(layout: Layout, start: Start) -> None:
    suite = start("ready").ready()
    left = children(layout)
    suite.signal(signal.SIGKILL)
    suite.end()
    eventually(lambda: not any(each.is_running() for each in left))
    with pytest.raises(NothingRuns, match="rapport up"):
        described(layout)
    lifecycle.down(layout, lambda _: None)
    assert not layout.suite_file.exists()


def test_it_starts_again_after_its_supervisor_was_killed(layout: Layout, start: Start) -> None:
    first = start("ready").ready()
    before = layout.master_key()
    first.signal(signal.SIGKILL)
    first.end()
    start("ready").ready()
    assert len(children(layout)) == len(NAMES)
    assert layout.master_key() == before


def test_a_crashed_process_is_started_again_and_told(layout: Layout, start: Start) -> None:
    start("ready").ready()
    victim = children(layout)[1]
    victim.kill()
    eventually(lambda: [each.restarts for each in read_standings(layout.standings_file)][1] == 1)
    eventually(lambda: [each["name"] for each in described(layout)["processes"]] == NAMES)
    assert described(layout)["processes"][1]["pid"] == children(layout)[1].pid


def test_a_folder_holds_one_suite(layout: Layout, start: Start) -> None:
    suite = start("ready").ready()
    with pytest.raises(RunsAlready, match=f"pid {suite.process.pid}.*rapport down"), Lock(layout.lock_file).held():
        pass


def test_what_the_background_says_when_it_fails_is_passed_on(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.folder.mkdir()
    told: list[str] = []
    with Lock(layout.lock_file).held(), pytest.raises(ServerFailed, match="runs already"):
        lifecycle.up_in_background(layout, told.append)
