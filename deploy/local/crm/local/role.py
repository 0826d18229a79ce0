"""One role of one service as a process on this machine."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM

import httpx
import psutil

from crm.chassis.embedded.process import ServerProcess

STOP_TIMEOUT_S = 15.0


def command(service: str, role: str) -> list[str]:
    """How a role is started."""
    return [sys.executable, "-m", f"crm.{service.replace('-', '_')}", role]


@dataclass
class RoleProcess:
    """A process `python -m crm.<service> ROLE`. It dies with its supervisor: every role survives a kill."""

    service: str
    role: str
    environment: Mapping[str, str]
    log: Path
    url: str | None = None
    """Where it answers, if it is an API."""
    _process: ServerProcess | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return f"{self.service}-{self.role}"

    def start(self) -> None:
        self._process = ServerProcess(
            self.name,
            command(self.service, self.role),
            folder=self.log.parent,
            log=self.log,
            env=self.environment,
            death_signal=SIGKILL,
        )

    def stop(self) -> None:
        if self._process:
            self._process.stop(SIGTERM, STOP_TIMEOUT_S)
            self._process = None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    @property
    def pid(self) -> int:
        assert self._process
        return self._process.pid

    def check_ready(self) -> bool:
        """Say whether it is at work: an API answers, any other role has reached a server. Raises `ServerFailed`."""
        assert self._process
        self._process.require_running()
        return _answers(self.url) if self.url else _is_connected(self.pid)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _is_connected(pid: int) -> bool:
    try:
        connections = psutil.Process(pid).net_connections("tcp")
    except psutil.Error:
        return False
    return any(each.status == psutil.CONN_ESTABLISHED for each in connections)
