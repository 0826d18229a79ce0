"""Calling the APIs of the running suite, as its administrator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from crm.local.state import Lock, read_json
from crm.local.suite import Description, Layout

TIMEOUT_S = 30.0
PER_PAGE = 200


class NothingRuns(RuntimeError):  # noqa: N818 (named as people speak)
    """The suite does not run, or is not ready yet. The text says what to do."""


class Refused(RuntimeError):  # noqa: N818
    """A service refused; the text is its own sentence."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def described(layout: Layout) -> Description:
    """What `suite.json` says. Raises `NothingRuns`."""
    if Lock(layout.lock_file).holder() is None:
        raise NothingRuns(f"Nothing runs in {layout.folder}. Start the suite with `rapport up`.")
    suite: Description | None = read_json(layout.suite_file)
    if suite is None:
        raise NothingRuns("The suite is starting or stopping. `rapport status` shows what runs.")
    return suite


class NotNow(RuntimeError):  # noqa: N818
    """A server does not answer, or something is in the way. The text says what."""


@dataclass(frozen=True)
class Apis:
    """The services' APIs."""

    suite: Description
    client: httpx.Client

    def get(self, service: str, path: str, params: Mapping[str, Any] | None = None) -> Any:
        """What a GET answers. Raises `Refused` with the service's sentence, `NothingRuns` if it does not answer."""
        given = {name: value for name, value in (params or {}).items() if value is not None}
        try:
            answer = self.client.get(f"{self.suite['services'][service]}{path}", params=given)
        except httpx.TransportError as error:
            raise NothingRuns(f"The service {service} does not answer. `rapport status` shows what runs.") from error
        if answer.is_success:
            return answer.json()
        raise Refused(answer.status_code, _sentence(answer))

    def post(self, service: str, path: str, **body: Any) -> Any:
        """What a POST answers. Raises `Refused` with the service's sentence, `NothingRuns` if it does not answer."""
        headers = {"Idempotency-Key": str(uuid4())}
        try:
            answer = self.client.post(f"{self.suite['services'][service]}{path}", json=body, headers=headers)
        except httpx.TransportError as error:
            raise NothingRuns(f"The service {service} does not answer. `rapport status` shows what runs.") from error
        if answer.is_success:
            return answer.json()
        raise Refused(answer.status_code, _sentence(answer))

    def pages(self, service: str, path: str, params: Mapping[str, Any], most: int | None = None) -> Iterator[Any]:
        """The items of a list, page by page, at most so many."""
        cursor, left = None, most
        while left is None or left > 0:
            limit = PER_PAGE if left is None else min(PER_PAGE, left)
            page = self.get(service, path, {**params, "limit": limit, "cursor": cursor})
            yield from page["items"]
            cursor, left = page["next"], left if left is None else left - len(page["items"])
            if cursor is None:
                return


@contextmanager
def calling(suite: Description) -> Iterator[Apis]:
    """The APIs of a suite, with its administrator's token."""
    headers = {"Authorization": f"Bearer {suite['token']}"}
    with httpx.Client(headers=headers, timeout=TIMEOUT_S, trust_env=False) as client:
        yield Apis(suite, client)


def _sentence(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    return str(problem.get("detail") or problem.get("title") or f"The service answered {answer.status_code}.")
