"""Whoever speaks to the suite in the story, over HTTP and nothing else."""

import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from crm.local.suite import Description

TIMEOUT_S = 30.0
PATIENCE_S = 60.0
"""How long the story waits for one thing to show up."""
NOT_YET = 503


class StoryStuck(RuntimeError):  # noqa: N818 (named as people speak)
    """The story cannot go on. The text says at what."""


@dataclass(frozen=True)
class Voice:
    """Somebody with a token: a colleague, or a form on a web page. `channel` is how customers reach them."""

    suite: Description
    token: str
    channel: str
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=TIMEOUT_S, trust_env=False))

    def tell(self, service: str, path: str, *seen: str, **body: Any) -> dict[str, Any]:
        """Posts something, once the service shows what the tokens in `seen` name, and returns the answer."""
        headers = {"Idempotency-Key": str(uuid4()), "X-Channel": self.channel}
        answer: dict[str, Any] = self._asked(service, "POST", path, seen, headers=headers, json=body)
        return answer

    def ask(self, service: str, path: str, *seen: str, **params: Any) -> Any:
        """What a GET answers, once the service shows what the tokens in `seen` name."""
        return self._asked(service, "GET", path, seen, params=params)

    def _asked(self, service: str, method: str, path: str, seen: tuple[str, ...], **what: Any) -> Any:
        """A service that is not that far yet has waited two seconds before it says so: it is asked again at once."""
        headers = {"Authorization": f"Bearer {self.token}"} | what.pop("headers", {})
        if seen:
            headers["If-Consistent-With"] = ",".join(seen)
        url, deadline = f"{self.suite['services'][service]}{path}", time.monotonic() + PATIENCE_S
        while True:
            answer = self.client.request(method, url, headers=headers, **what)
            if answer.is_success:
                return answer.json()
            if answer.status_code != NOT_YET or time.monotonic() > deadline:
                raise StoryStuck(f"{method} {path} of {service} answered {answer.status_code}: {answer.text}")
