"""Whether everything flows again: a fact of every service reaches the history and the statistics."""

import threading
import time
from collections.abc import Mapping
from typing import Any

import httpx

from tests.integration.running_suite import RunningSuite, eventually
from tests.proving.load import Client
from tests.proving.memory import Memory

WITHIN_S = 240.0
LOOK_AGAIN_S = 0.05

PROBES: Mapping[str, tuple[str, dict[str, Any]]] = {
    "contacts": ("/contacts/{contact}/interactions", {"kind": "note", "direction": "internal", "subject": "probe"}),
    "sales": ("/leads", {"name": "Probe", "contact": "{contact}", "source": "web"}),
    "service-desk": ("/tickets", {"subject": "Probe", "body": "Probe", "contact": "{contact}"}),
    "campaigns": ("/campaigns", {"name": "Probe", "subject": "probe", "text": "Probe"}),
}
SHOWN = {"contacts": "/contacts/{contact}/history?limit=1", "analytics": "/activity?limit=1"}


class Stuck(Exception):  # noqa: N818
    """Something did not flow again in time."""


class Flow:
    """Probes the suite. One thread uses it."""

    def __init__(self, suite: RunningSuite, memory: Memory, contact: str) -> None:
        self._suite, self._contact = suite, contact
        self._client = Client(suite, memory, threading.Event())

    def wait(self, within_s: float = WITHIN_S) -> None:
        """Returns once facts written now are shown everywhere. Raises `Stuck`, saying where they are not."""
        deadline = time.monotonic() + within_s
        tokens = []
        for service, (path, body) in PROBES.items():
            filled = {name: each.format(contact=self._contact) for name, each in body.items()}
            tokens.append(self._client.write(service, path.format(contact=self._contact), filled)["token"])
        for service, path in SHOWN.items():
            for token in tokens:
                self._await(service, path.format(contact=self._contact), token, deadline)

    def _await(self, service: str, path: str, token: str, deadline: float) -> None:
        def shown() -> bool:
            answer = self._suite.api(service).get(path, headers={"If-Consistent-With": token})
            assert answer.is_success, f"{answer.status_code} {answer.text}"
            return True

        try:
            eventually(shown, within_s=max(1.0, deadline - time.monotonic()))
        except (AssertionError, httpx.HTTPError) as error:
            raise Stuck(f"{service} does not show {token}: {error}") from error

    def close(self) -> None:
        self._client.close()
