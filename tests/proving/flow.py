"""Whether everything flows again: a fact of every service reaches the history and the statistics."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from tests.integration.running_suite import RunningSuite, eventually
from tests.proving.calling import Client
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


@contextmanager
def _timed(took: dict[str, float], what: str) -> Iterator[None]:
    began = time.monotonic()
    yield
    took[what] = time.monotonic() - began


class Stuck(Exception):  # noqa: N818
    """Something did not flow again in time."""


class Flow:
    """Probes the suite. One thread uses it."""

    def __init__(self, suite: RunningSuite, memory: Memory, contact: str) -> None:
        self._suite, self._contact = suite, contact
        self._client = Client(suite, memory, threading.Event())

    def wait(self, within_s: float = WITHIN_S) -> str:
        """Returns once facts written now are shown everywhere: what that took longest for.

        Raises `Stuck`, saying where they are not shown, and `Unanswered`.
        """
        deadline = time.monotonic() + within_s
        tokens: dict[str, str] = {}
        took: dict[str, float] = {}
        for service, (path, body) in PROBES.items():
            filled = {name: each.format(contact=self._contact) for name, each in body.items()}
            with _timed(took, f"{service} to write"):
                told = self._client.write(service, path.format(contact=self._contact), filled)
            tokens[service] = told["token"]
        for reader, path in SHOWN.items():
            for service, token in tokens.items():
                with _timed(took, f"{reader} to show {service}"):
                    self._await(reader, path.format(contact=self._contact), token, deadline)
        return max(took, key=lambda each: took[each])

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
