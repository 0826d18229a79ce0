"""What an app refuses to be declared as, and what operators ask it."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.testclient import TestClient

from crm.chassis.auth import Agent, allowed
from crm.chassis.health import Health, Heartbeat
from crm.chassis.http import Api, Misdeclared, ReadModel, Router, create_app, part, serve, unguarded
from crm.chassis.http.server import listen
from crm.chassis.telemetry import metrics

CanRead = Annotated[Agent, allowed("members:read")]


def test_an_endpoint_without_permission_must_be_named_public(api: Api) -> None:
    with pytest.raises(Misdeclared, match=r"/unsubscribe/\{link\}"):
        create_app(replace(api, public=()))


def test_nothing_is_named_public_that_is_not(api: Api) -> None:
    with pytest.raises(Misdeclared, match="/members"):
        create_app(replace(api, public=("/unsubscribe/{link}", "/members")))


def test_what_is_public_can_be_listed(app: FastAPI) -> None:
    assert unguarded(app) == {"/unsubscribe/{link}"}


def test_a_query_must_say_which_view_it_reads(api: Api) -> None:
    router = Router()

    @router.get("/silent")
    def silent(db: ReadModel, agent: CanRead) -> int:
        return 1

    with pytest.raises(Misdeclared, match="GET /silent"):
        create_app(replace(api, routers=(router,), public=()))


def test_endpoints_are_declared_on_our_router(api: Api) -> None:
    router = APIRouter()
    router.get("/foreign")(lambda: 1)
    with pytest.raises(Misdeclared, match="Router"):
        create_app(replace(api, routers=(router,), public=()))


def test_routers_include_routers(api: Api, token: str) -> None:
    inner, outer = Router(prefix="/inner", tags=["inner"]), Router(prefix="/outer")

    @inner.get("/things")
    def things(agent: CanRead) -> str:
        return agent.subject

    outer.include_router(inner)
    with TestClient(create_app(replace(api, routers=(outer,), public=()))) as client:
        response = client.get("/outer/inner/things", headers={"Authorization": f"Bearer {token}"})
        assert response.json() == "ada"
        assert client.get("/outer/inner/things").status_code == 401


def test_an_address_finds_its_endpoint_among_others_of_its_form(api: Api, token: str) -> None:
    router = Router(prefix="/things")

    @router.get("/newest")
    def newest(agent: CanRead) -> str:
        return "newest"

    @router.get("/{thing}")
    def one(thing: str, agent: CanRead) -> str:
        return f"one {thing}"

    @router.put("/{thing}")
    def put(thing: str, agent: CanRead) -> str:
        return f"put {thing}"

    @router.get("/{thing}/{part:path}")
    def deep(thing: str, part: str, agent: CanRead) -> str:
        return f"{thing} {part}"

    headers = {"Authorization": f"Bearer {token}"}
    with TestClient(create_app(replace(api, routers=(router,), public=())), headers=headers) as client:
        assert client.get("/things/newest").json() == "newest"
        assert client.get("/things/x").json() == "one x"
        assert client.put("/things/newest").json() == "put newest"
        assert client.get("/things/x/y/z").json() == "x y/z"
        assert client.get("/things").status_code == 404
        refused = client.delete("/things/x")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PUT")


def test_endpoints_ask_for_parts_by_class(api: Api, token: str) -> None:
    router = Router()

    @router.get("/limit")
    def limit(heart: Annotated[Heartbeat, part(Heartbeat)], agent: CanRead) -> float:
        return heart.limit_s

    api = replace(api, routers=(router,), public=(), parts=(Heartbeat(7.0),))
    with TestClient(create_app(api)) as client:
        assert client.get("/limit", headers={"Authorization": f"Bearer {token}"}).json() == 7.0


def test_it_lives_while_its_loops_beat(api: Api) -> None:
    health = Health()
    with TestClient(create_app(replace(api, health=health))) as client:
        assert client.get("/health/live").json() == {"status": "up", "silent": []}
        health.heart("relay", limit_s=-1.0)
        response = client.get("/health/live")
        assert (response.status_code, response.json()["silent"]) == (503, ["relay"])


def test_it_is_ready_while_its_database_answers(api: Api) -> None:
    def broken() -> None:
        raise OSError("away")

    health = Health(checks={"database": lambda: None, "keyring": broken, "tables": lambda: False})
    with TestClient(create_app(replace(api, health=health))) as client:
        response = client.get("/health/ready")
        assert (response.status_code, response.json()["unready"]) == (503, ["keyring", "tables"])


def test_a_check_that_hangs_is_not_waited_for(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.chassis.http.operations.READY_TIMEOUT_S", 0.05)
    release = threading.Event()
    with TestClient(create_app(replace(api, health=Health(checks={"database": release.wait})))) as client:
        response = client.get("/health/ready")
        release.set()
    assert (response.status_code, response.json()["unready"]) == (503, ["database"])


def test_it_tells_its_lag_and_documents(client: TestClient) -> None:
    assert client.get("/health/lag").json() == {"board": {"facts": 3}}
    assert client.get("/asyncapi.yaml").text == "asyncapi: 3.1.0"
    assert client.get("/schemas/crm.members.x.v1").json() == {"type": "object"}
    assert client.get("/schemas/crm.members.y.v1").status_code == 404
    assert client.get("/openapi.json").json()["info"] == {"title": "Members", "version": "1"}


def test_it_tells_its_metrics_by_template_and_not_by_path(client: TestClient) -> None:
    client.get("/members/secret-name-in-a-path")
    client.get("/no-such-secret-name")
    text = client.get("/metrics").text
    assert 'operation="GET /members/{member}",status="422"' in text
    assert 'operation="GET unmatched",status="404"' in text
    assert "secret-name" not in text
    for metric in metrics.ALL:
        for described in metric.describe():
            assert f"# HELP {described.name}" in text


@pytest.fixture
def served(api: Api) -> Iterator[str]:
    """The address of a real server."""
    stop, ports, bound = threading.Event(), [], threading.Event()

    def started(port: int) -> None:
        ports.append(port)
        bound.set()

    thread = threading.Thread(target=serve, args=(create_app(api), "127.0.0.1", 0, stop), kwargs={"started": started})
    thread.start()
    assert bound.wait(10)
    yield f"http://127.0.0.1:{ports[0]}"
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_it_serves_until_told_to_stop(served: str, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=served, headers=headers) as client:
        assert client.post("/members", json={"name": "Ada"}).status_code == 201
        assert "server" not in client.get("/health/live").headers
        assert client.get("/members?text=a%00").json()["type"] == "urn:crm:problem:invalid"
        assert client.get("/members/%ff").status_code == 422
        too_large = client.post("/members", content=b" " * 1_000_001, headers={"Content-Type": "application/json"})
        assert too_large.status_code == 413


def test_answers_are_sent_without_delay() -> None:
    """asyncio sets TCP_NODELAY only on sockets that name their protocol; without it an answer takes 40 ms."""
    with listen("127.0.0.1", 0, shared=True) as listener:
        assert listener.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_told(served: str, api: Api) -> None:
    with pytest.raises(OSError, match="in use"):
        serve(create_app(api), "127.0.0.1", int(served.rsplit(":", 1)[1]), threading.Event())


def test_requests_under_way_are_ended_before_it_stops(api: Api, token: str) -> None:
    router, entered, release = Router(), threading.Event(), threading.Event()

    @router.get("/slow")
    def slow(agent: CanRead) -> str:
        entered.set()
        release.wait(10)
        return "done"

    stop, ports, answers = threading.Event(), [], []
    bound = threading.Event()

    def started(port: int) -> None:
        ports.append(port)
        bound.set()

    def ask() -> None:
        headers = {"Authorization": f"Bearer {token}", "Connection": "close"}
        answers.append(httpx.get(f"http://127.0.0.1:{ports[0]}/slow", headers=headers).json())

    app = create_app(replace(api, routers=(router,), public=()))
    server = threading.Thread(target=serve, args=(app, "127.0.0.1", 0, stop), kwargs={"started": started})
    server.start()
    assert bound.wait(10)
    asking = threading.Thread(target=ask)
    asking.start()
    assert entered.wait(10)
    stop.set()
    release.set()
    asking.join(10)
    server.join(15)
    assert (answers, server.is_alive()) == (["done"], False)
