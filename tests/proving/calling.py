"""A client of the APIs that sends again what was not answered, and remembers what was."""

import threading
import time
from typing import Any
from uuid import uuid4

import httpx

from tests.integration.running_suite import RunningSuite
from tests.proving.memory import Memory

AGAIN_S, ANSWERED_S = 0.1, 300.0


class Refused(Exception):  # noqa: N818
    """A service refused a command that is in order."""


class Unanswered(Exception):  # noqa: N818
    """A command was sent again and again, and never answered."""


class Client:
    """One client of the APIs. One thread uses it."""

    def __init__(self, suite: RunningSuite, memory: Memory, stop: threading.Event) -> None:
        self._described = suite.described
        headers = {"Authorization": f"Bearer {self._described['token']}"}
        self._http = httpx.Client(headers=headers, timeout=10, trust_env=False)
        self.memory, self.stop = memory, stop

    def write(self, service: str, path: str, body: object = None, method: str = "POST") -> dict[str, Any]:
        """A command, sent under one key until it is answered."""
        url, key, tries = f"{self._described['services'][service]}{path}", str(uuid4()), 0
        deadline = time.monotonic() + ANSWERED_S
        while time.monotonic() < deadline:
            tries += 1
            try:
                answer = self._http.request(method, url, json=body, headers={"Idempotency-Key": key})
            except httpx.HTTPError:
                self.stop.wait(AGAIN_S)
                continue
            if answer.is_success:
                told: dict[str, Any] = answer.json()
                self.memory.reached(told["token"], tries=tries)
                return told
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                raise Refused(f"{method} {path}: {answer.status_code} {answer.text}")
            self.stop.wait(AGAIN_S)
        raise Unanswered(f"{service} did not answer {method} {path} within {ANSWERED_S:g} s")

    def close(self) -> None:
        self._http.close()
