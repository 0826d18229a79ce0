"""The real life of a suite (lock, supervisor, files, signals, mails) around tiny children.

Modes: `ready` (children sleep), `stuck` (they are never ready), `deaf` (to SIGTERM), `broken` (they end at once).
"""

from multiprocessing.synchronize import Event
from types import SimpleNamespace
from typing import Any

import pytest

from crm.local import lifecycle, role, running
from crm.local.role import RoleProcess
from crm.local.suite import Layout

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


def live(layout: Layout, mode: str, ready: Event) -> None:
    """Runs a suite until told to stop, in a process of its own."""
    with pytest.MonkeyPatch.context() as patch:
        shrink(patch, mode)
        lifecycle.up(layout, lambda _: None, lambda _: ready.set())
