"""The whole suite as its users meet it: started by `rapport up`, reached over HTTP, killed from outside."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg

from crm.chassis.testing.waiting import eventually as within_patience
from tests.integration.surroundings import environment, free_port_base

START_S, STOP_S = 120.0, 60.0

eventually = partial(within_patience, passing=(httpx.HTTPError, psycopg.Error, AssertionError, LookupError))
"""Waits until something is so; answers that fail meanwhile are looked at again."""


@dataclass
class RunningSuite:
    """A started suite and what a test does with it."""

    folder: Path
    supervisor: subprocess.Popen[bytes]
    clients: dict[str, httpx.Client] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        """`suite.json` as it is now."""
        described: dict[str, Any] = json.loads((self.folder / "suite.json").read_text())
        return described

    def api(self, service: str) -> httpx.Client:
        """A client of a service with the administrator's token."""
        if service not in self.clients:
            described = self.described
            headers = {"Authorization": f"Bearer {described['token']}"}
            self.clients[service] = httpx.Client(base_url=described["services"][service], headers=headers, timeout=15)
        return self.clients[service]

    def ask(self, service: str, method: str, path: str, **request: Any) -> httpx.Response:
        """The answer to what may be asked twice; asked again while it is 503, as that says."""

        def once() -> httpx.Response:
            answer = self.api(service).request(method, path, **request)
            assert answer.status_code != httpx.codes.SERVICE_UNAVAILABLE, answer.text
            return answer

        return eventually(once)

    def read(self, service: str, path: str, **params: str) -> Any:
        """What a query that must succeed answers."""
        return _success(self.ask(service, "GET", path, params=params)).json()

    def write(self, service: str, method: str, path: str, body: object = None, **headers: str) -> httpx.Response:
        """A command that must succeed; it carries a key, so it may be sent again."""
        headers = {"Idempotency-Key": str(uuid4())} | {name.replace("_", "-"): each for name, each in headers.items()}
        return _success(self.ask(service, method, path, json=body, headers=headers))

    def history(self, contact: str, *tokens: str, **filters: Any) -> list[dict[str, Any]]:
        """A contact's whole history, oldest first, once it shows what the tokens name."""
        headers = {"If-Consistent-With": ",".join(tokens)} if tokens else {}

        def page(cursor: str | None) -> dict[str, Any]:
            params: dict[str, Any] = (
                {"order": "oldest", "limit": 200} | filters | ({"cursor": cursor} if cursor else {})
            )
            answer = self.api("contacts").get(f"/contacts/{contact}/history", params=params, headers=headers)
            assert answer.status_code == 200, answer.text
            found: dict[str, Any] = answer.json()
            return found

        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            found = eventually(partial(page, cursor))
            items += found["items"]
            cursor = found["next"]
            if cursor is None:
                return items

    def pids(self, service: str, role: str) -> list[int]:
        """The processes of a role."""
        return [e["pid"] for e in self.described["processes"] if (e["service"], e["role"]) == (service, role)]

    def signal(self, service: str, role: str, sent: signal.Signals) -> int:
        """Sends a signal to the process of a role and returns its pid."""
        (pid,) = self.pids(service, role)
        os.kill(pid, sent)
        return pid

    def kill(self, service: str, role: str) -> None:
        """Kills a role (SIGKILL) and waits until the supervisor has started it again."""
        old = self.signal(service, role, signal.SIGKILL)
        eventually(lambda: [pid for pid in self.pids(service, role) if pid != old])

    @contextmanager
    def database(self, service: str) -> Iterator[psycopg.Connection[Any]]:
        """A service's own database, or the keyring."""
        with psycopg.connect(self.described["postgres"][service], autocommit=True) as connection:
            yield connection

    def rapport(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs the command line against this suite."""
        command = [sys.executable, "-m", "crm.local.cli", *arguments]
        return subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=180, env=environment(self.folder)
        )

    def warnings(self, since: datetime) -> list[str]:
        """What the processes of the services logged since a moment, but for what is only told."""
        lines = (line for file in (self.folder / "logs").glob("*.log") for line in file.read_text().splitlines())
        found = []
        for line in sorted(each for each in lines if each.startswith('{"time": ')):
            logged = json.loads(line)
            if logged["level"] != "info" and datetime.fromisoformat(logged["time"]) >= since:
                found.append(line)
        return found

    def is_caught_up(self) -> bool:
        """Whether every view and policy has taken every fact there is."""
        lags = [self.api(each).get("/health/lag").raise_for_status().json() for each in self.described["services"]]
        return not any(feed.get("lag_facts") for views in lags for feeds in views.values() for feed in feeds.values())

    def audit(self) -> subprocess.CompletedProcess[str]:
        return self.rapport("audit")


def _success(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.method} {answer.url.path}: {answer.status_code} {answer.text}"
    return answer


def start(folder: Path, **servers: str) -> RunningSuite:
    """Starts the suite in a folder, on free ports the first time, and waits until it is ready.

    `servers` are environment variables that name servers to be used, such as RAPPORT_POSTGRES.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new = not (folder / "port_base").exists()
    env = environment(folder, free_port_base() if new else None) | servers
    with (folder / "up.log").open("ab") as log:
        supervisor = subprocess.Popen(
            [sys.executable, "-m", "crm.local.cli", "up"], env=env, stdout=log, stderr=log, start_new_session=True
        )

    def ready() -> bool:
        assert supervisor.poll() is None, f"`rapport up` ended:\n{(folder / 'up.log').read_text()}"
        return (folder / "suite.json").exists()

    try:
        eventually(ready, within_s=START_S)
    except BaseException:
        end(supervisor)
        raise
    return RunningSuite(folder, supervisor)


def end(supervisor: subprocess.Popen[bytes]) -> None:
    """Stops a suite as Ctrl-C does, and whatever is left of it by force."""
    family = _family(supervisor.pid)
    supervisor.send_signal(signal.SIGINT)
    try:
        supervisor.wait(STOP_S)
    finally:
        for each in family:
            if each.is_running():
                each.kill()


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [*process.children(recursive=True), process]
    except psutil.NoSuchProcess:
        return []
