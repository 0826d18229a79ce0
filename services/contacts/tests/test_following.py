"""Following a history over Server-Sent Events, and taking it as a file; the first over a real server."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import create_app, event_stream, serve
from crm.chassis.log import EventLog
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.contacts.service import service

NOTE = {"kind": "note", "direction": "internal"}
LISTENING = {"Accept": "text/event-stream"}


class Running:
    """The app on a port of its own."""

    def __init__(self, folder: Path, log: EventLog, settings: Settings, db: Database) -> None:
        self._issuer = LocalIssuer(folder / "issuer")
        self.app = create_app(services.api_of(service, self._issuer, log, settings, db))
        self._stop, self._started, self._port = threading.Event(), threading.Event(), 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        assert self._started.wait(20)

    def _serve(self) -> None:
        def started(port: int) -> None:
            self._port = port
            self._started.set()

        serve(self.app, "127.0.0.1", 0, self._stop, started=started, ending=self.app.state.news.end)

    def client(self, subject: str = "ada", *permissions: str) -> httpx.Client:
        token = self._issuer.issue(subject, permissions or ("contacts:*",))
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(base_url=f"http://127.0.0.1:{self._port}", headers=headers, timeout=20)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(8)  # less than the grace requests get: streams must leave by themselves
        assert not self._thread.is_alive()


@pytest.fixture
def running(
    tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: services.Projector
) -> Iterator[Running]:
    server = Running(tmp_path, log, settings, db)
    yield server
    server.stop()


class Stream:
    """What arrives on a stream, event by event."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self, *, comments: bool = False) -> dict[str, str]:
        event: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                if comments:
                    return {"comment": line}
            elif line:
                name, _, value = line.partition(": ")
                event[name] = value
            elif event:
                return event
        return event


def noted(client: Any, contact: str, subject: str, **more: Any) -> str:
    answer = client.post(f"/contacts/{contact}/interactions", json=NOTE | {"subject": subject} | more)
    return str(answer.raise_for_status().json()["id"])


def subject_of(event: dict[str, str]) -> str:
    return str(json.loads(event["data"])["data"]["subject"])


def test_items_arrive_as_they_are_projected_and_are_resumed_without_gap_or_repeat(
    running: Running, views: services.Projector
) -> None:
    client = running.client()
    ada = client.post("/contacts", json={"name": "Ada"}).json()["id"]
    views.catch_up()
    path = f"/contacts/{ada}/history/stream"
    with client.stream("GET", path, headers=LISTENING) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer.iter_lines())
        assert set(stream.next()) == {"retry", "id"}
        for subject in ("one", "two"):
            noted(client, ada, subject)
            views.catch_up()
            last = stream.next()
            assert (last["event"], subject_of(last)) == ("item", subject)
    for subject in ("three", "four"):  # while nobody listens
        noted(client, ada, subject)
        views.catch_up()
    with client.stream("GET", path, headers=LISTENING | {"Last-Event-ID": last["id"]}) as answer:
        stream = Stream(answer.iter_lines())
        assert stream.next()["id"] == last["id"]
        assert [subject_of(stream.next()) for _ in range(2)] == ["three", "four"]
        noted(client, ada, "five")
        views.catch_up()
        assert subject_of(stream.next()) == "five"


def test_a_late_item_a_correction_and_a_retraction_arrive_too(running: Running, views: services.Projector) -> None:
    client = running.client()
    ada = client.post("/contacts", json={"name": "Ada"}).json()["id"]
    views.catch_up()
    with client.stream("GET", f"/contacts/{ada}/history/stream", headers=LISTENING) as answer:
        stream = Stream(answer.iter_lines())
        stream.next()
        late = noted(client, ada, "long ago", occurred_at="2020-01-01T00:00:00Z")
        views.catch_up()
        assert subject_of(stream.next()) == "long ago"
        client.post(f"/contacts/{ada}/interactions/{late}/amend", json={"subject": "longer ago"}).raise_for_status()
        views.catch_up()
        amended = json.loads(stream.next()["data"])
        assert (amended["amended"], amended["data"]["subject"]) == (True, "longer ago")
        client.post(f"/contacts/{ada}/interactions/{late}/retract", json={"reason": "No"}).raise_for_status()
        views.catch_up()
        assert stream.next() | {"id": ""} == {
            "id": "",
            "event": "retracted",
            "data": json.dumps({"stream": late}, separators=(",", ":")),
        }


def test_c10_nobody_is_told_what_they_may_not_see(running: Running, views: services.Projector) -> None:
    client, clerk = running.client(), running.client("clerk", "contacts:read")
    ada = client.post("/contacts", json={"name": "Ada"}).json()["id"]
    views.catch_up()
    with clerk.stream("GET", f"/contacts/{ada}/history/stream", headers=LISTENING) as answer:
        stream = Stream(answer.iter_lines())
        stream.next()
        hidden = noted(client, ada, "private", visibility="private")
        client.post(f"/contacts/{ada}/interactions/{hidden}/retract", json={"reason": "No"}).raise_for_status()
        noted(client, ada, "for all")
        views.catch_up()
        assert subject_of(stream.next()) == "for all"


def test_who_waits_gets_a_sign_of_life(
    running: Running, views: services.Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_S", 0.1)
    client = running.client()
    ada = client.post("/contacts", json={"name": "Ada"}).json()["id"]
    with client.stream("GET", f"/contacts/{ada}/history/stream", headers=LISTENING) as answer:
        stream = Stream(answer.iter_lines())
        stream.next()
        assert stream.next(comments=True) == {"comment": ": still here"}


def test_many_listen_at_once_on_few_threads_and_leave_when_the_server_stops(
    tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: services.Projector
) -> None:
    running = Running(tmp_path, log, settings, db)
    client = running.client()
    ada = client.post("/contacts", json={"name": "Ada"}).json()["id"]
    views.catch_up()
    path = f"/contacts/{ada}/history/stream"
    before = threading.active_count()
    answers = [client.stream("GET", path, headers=LISTENING) for _ in range(30)]
    streams = [Stream(each.__enter__().iter_lines()) for each in answers]
    for each in streams:
        each.next()
    noted(client, ada, "for all")
    views.catch_up()
    assert [subject_of(each.next()) for each in streams] == ["for all"] * 30
    assert threading.active_count() - before <= 8
    running.stop()
    assert [each.next() for each in streams] == [{}] * 30
    for each in answers:
        each.__exit__(None, None, None)


def test_who_does_not_listen_gets_what_there_is_and_the_end(suite: TestClient, views: services.Projector) -> None:
    ada = suite.post("/contacts", json={"name": "Ada"}).json()["id"]
    path = f"/contacts/{ada}/history/stream"
    first = Stream(iter(suite.get(path).text.split("\n")))
    place = first.next()["id"]
    assert first.next() == {}
    noted(suite, ada, "new")
    views.catch_up()
    stream = Stream(iter(suite.get(path, headers={"Last-Event-ID": place}).text.split("\n")))
    stream.next()
    assert [json.loads(stream.next()["data"])["type"] for _ in range(2)] == [
        "crm.contacts.contact-registered.v1",
        "crm.contacts.interaction-logged.v2",
    ]
    assert stream.next() == {}
    wrong = suite.get(path, headers={"Last-Event-ID": "nonsense"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "Last-Event-ID")
    assert suite.get(f"/contacts/{uuid4()}/history/stream").status_code == 404


def test_after_a_rebuild_a_client_is_told_to_begin_anew(suite: TestClient, views: services.Projector) -> None:
    ada = suite.post("/contacts", json={"name": "Ada"}).json()["id"]
    of_another_table = event_stream.Place(1, 1, "x").cursor
    answer = suite.get(f"/contacts/{ada}/history/stream", headers={"Last-Event-ID": of_another_table})
    assert "event: restart" in answer.text


def test_the_whole_history_is_taken_as_a_file_by_the_same_filters(
    suite: TestClient, views: services.Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.contacts.api.history.MOST_PER_PAGE", 2)
    ada = suite.post("/contacts", json={"name": "Ada"}).json()["id"]
    for each in range(5):
        noted(suite, ada, f"note {each}")
    views.catch_up()
    path = f"/contacts/{ada}/history.jsonl"
    answer = suite.get(path)
    assert answer.headers["content-type"] == "application/jsonl"
    lines = [json.loads(each) for each in answer.text.splitlines()]
    page = suite.get(f"/contacts/{ada}/history", params={"order": "oldest"}).json()["items"]
    assert lines == page
    assert len(suite.get(path, params={"text": "note"}).text.splitlines()) == 5
    assert suite.get(path, params={"service": "sales"}).text == ""
    assert suite.get(f"/contacts/{uuid4()}/history.jsonl").status_code == 404
