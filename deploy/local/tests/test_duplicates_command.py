"""`rapport duplicates`: a scan with its progress, and the queue; answered by a service that is played here."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from rich.console import Console

from crm.local import duplicates
from crm.local.calling import NothingRuns, Refused
from crm.local.suite import Description

SUITE = Description(
    services={"contacts": "http://contacts"},
    kafka="",
    postgres={},
    token="t",
    processes=[],
    mail="",  # noqa: S106
)
RUNNING = {"status": "running", "progress": 0.5, "contacts": 4, "compared": 2, "suggested": 0}
DONE = {"status": "completed", "progress": 1.0, "contacts": 4, "compared": 3, "suggested": 1}
PAIR = {"id": "p1", "score": 0.9876, "evidence": ["given name: same", "street: [same]", "place: same", "e-mail: same"]}


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[httpx.Request]]:
    """Plays the service; what it was asked."""

    def play(*jobs: dict[str, Any], pairs: list[dict[str, Any]] | None = None, post: int = 201) -> list[httpx.Request]:
        asked: list[httpx.Request] = []
        states = list(jobs)

        def answer(request: httpx.Request) -> httpx.Response:
            asked.append(request)
            path = request.url.path
            if request.method == "POST":
                return httpx.Response(post, json={"id": "s1", "detail": "Not you."})
            if path == "/duplicates/scans/s1":
                return httpx.Response(200, json=states.pop(0))
            if path == "/duplicates":
                return httpx.Response(200, json={"items": pairs or [], "next": None})
            return httpx.Response(200, json={"first": {"name": "Ada [x]"}, "second": {"name": "A. Lovelace"}})

        client = httpx.Client
        transport = httpx.MockTransport(answer)
        monkeypatch.setattr("crm.local.calling.httpx.Client", lambda **more: client(transport=transport))
        return asked

    monkeypatch.setattr(duplicates, "LOOK_EVERY_S", 0.0)
    return play


def test_a_scan_is_followed_to_its_end(played: Callable[..., list[httpx.Request]]) -> None:
    asked = played(RUNNING, DONE)
    console = Console(record=True, width=200)
    assert duplicates.scan(SUITE, console) == 0
    assert asked[0].headers["Idempotency-Key"]
    assert "4 contacts, 3 pairs compared; 1 pairs that may be one person are new" in console.export_text()


def test_a_scan_that_is_refused_says_why(played: Callable[..., list[httpx.Request]]) -> None:
    played(post=403)
    with pytest.raises(Refused, match="Not you"):
        duplicates.scan(SUITE, Console())


def test_a_service_that_does_not_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    client = httpx.Client
    monkeypatch.setattr("crm.local.calling.httpx.Client", lambda **more: client(transport=httpx.MockTransport(away)))
    with pytest.raises(NothingRuns, match="contacts does not answer"):
        duplicates.scan(SUITE, Console())


def test_the_queue_shows_both_and_the_most_telling_evidence(played: Callable[..., list[httpx.Request]]) -> None:
    asked = played(pairs=[PAIR])
    console = Console(record=True, width=200)
    console.print(duplicates.queue(SUITE, "suggested", 0.9, 20))
    text = console.export_text()
    assert all(each in text for each in ("0.9876", "Ada [x]", "A. Lovelace", "street: [same]", "p1"))
    assert "e-mail" not in text
    assert dict(asked[0].url.params) == {"status": "suggested", "min_score": "0.9", "limit": "20"}


def test_an_empty_queue_says_so(played: Callable[..., list[httpx.Request]]) -> None:
    played()
    assert duplicates.queue(SUITE, "suggested", 0.0, 20) == "Nothing waits for a decision."
    assert duplicates.queue(SUITE, "dismissed", 0.0, 20) == "There are none."
