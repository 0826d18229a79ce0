"""The real life of a suite (lock, supervisor, files, signals, mails) around tiny children.

Modes: `ready` (children sleep), `stuck` (they are never ready), `deaf` (to SIGTERM), `broken` (they end at once).
"""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from crm.local import lifecycle, role, running
from crm.local.role import RoleProcess
from crm.local.suite import Layout
from tests.integration.surroundings import free_port_base

FORK = multiprocessing.get_context("fork")
"""A supervisor has a process of its own, and need not import everything again."""
SCRIPTS = {
    "ready": "echo at work; exec sleep 600",
    "stuck": "exec sleep 600",
    "deaf": "trap '' TERM; echo at work; while :; do sleep 600; done",
    "broken": "echo it is broken; exit 3",
}
SERVICES = [SimpleNamespace(name="contacts", roles={}), SimpleNamespace(name="analytics", roles={"live": None})]


def shrink(patch: pytest.MonkeyPatch, mode: str) -> None:
    """Puts tiny parts in the place of servers and services."""

    def is_ready(self: RoleProcess) -> bool:
        assert self._process
        self._process.require_running()
        return mode != "stuck" and self.log.read_text().count("at work") > 0

    def dsns(layout: Layout, names: list[str], supervisor: Any) -> dict[str, str]:
        return {name: f"postgresql://{name}" for name in [*names, "keyring"]}

    patch.setattr(running, "services", lambda: SERVICES)
    patch.setattr(running, "start_postgres", dsns)
    patch.setattr(running, "start_kafka", lambda layout, supervisor: "127.0.0.1:1")
    patch.setattr(running, "migrate", lambda service, settings: None)
    patch.setattr(running, "ASK_EVERY_S", 0.01)
    patch.setattr(role, "command", lambda service, name: ["/bin/sh", "-c", SCRIPTS[mode]])
    patch.setattr(role, "STOP_TIMEOUT_S", 0.2)
    patch.setattr("crm.local.supervisor.CHECK_EVERY_S", 0.01)
    patch.setattr("crm.local.supervisor.FIRST_BACKOFF_S", 0.01)
    patch.setattr(RoleProcess, "check_ready", is_ready)


@dataclass
class Suite:
    """A suite with tiny children, in a process of its own."""

    process: ForkProcess
    is_ready: Event

    def ready(self) -> "Suite":
        assert self.is_ready.wait(30)
        return self

    def signal(self, number: int) -> None:
        assert self.process.pid
        os.kill(self.process.pid, number)

    def end(self) -> int | None:
        """Waits for its end; returns the exit code."""
        self.process.join(30)
        return self.process.exitcode


def live(layout: Layout, mode: str, ready: Event) -> None:
    """Runs a suite until told to stop, in a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, mode)
        lifecycle.up(layout, lambda _: None, lambda _: None, lambda _: ready.set())


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "suite", free_port_base())


@pytest.fixture
def start(layout: Layout) -> Iterator[Callable[[str], Suite]]:
    """Starts a suite; whatever it leaves is killed after the test."""
    started: list[Suite] = []

    def begin(mode: str) -> Suite:
        is_ready = FORK.Event()
        process = FORK.Process(target=live, args=(layout, mode, is_ready))
        process.start()
        started.append(Suite(process, is_ready))
        return started[-1]

    yield begin
    for each in started:
        if each.process.is_alive():
            each.process.kill()
            each.end()
