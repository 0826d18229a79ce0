"""Every answer passes one place where addresses are hidden from whom may not read them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from starlette.responses import Response, StreamingResponse

from crm.chassis.auth import Agent, LocalIssuer, allowed
from crm.chassis.http import Api, Page, Router, create_app, hiding

CanRead = Annotated[Agent, allowed("contacts:read")]
ADA = {"name": "Ada", "email": "ada@example.com"}

router = Router()


@router.get("/one")
def one(agent: CanRead) -> dict[str, str]:
    return ADA


@router.get("/page")
def page(agent: CanRead) -> Page[dict[str, str]]:
    return Page((ADA,), None)


@router.get("/file")
def file(agent: CanRead) -> Response:
    return Response("name,email\nAda,ada@example.com\n", media_type="text/csv")


@router.get("/stream")
def stream(agent: CanRead) -> StreamingResponse:
    return StreamingResponse(iter([json.dumps(ADA)]), media_type="application/x-ndjson")


@router.get("/lines")
def lines(request: Request, agent: CanRead) -> StreamingResponse:
    shown = hiding(request, agent)
    return StreamingResponse(iter([json.dumps(shown(ADA))]), media_type="application/x-ndjson")


@router.post("/nothing", status_code=204)
def nothing(agent: CanRead) -> None:
    """Answers nothing."""


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[tuple[TestClient, TestClient]]:
    """Somebody who may read addresses, and somebody who may not."""
    issuer = LocalIssuer(tmp_path / "issuer")
    app = create_app(Api(title="t", version="1", routers=[router], verifier=issuer.verifier()))
    tokens = (issuer.issue("ada", roles=["agent"]), issuer.issue("lee", roles=["reader"]))
    allowed_to, not_allowed = (TestClient(app, headers={"Authorization": f"Bearer {each}"}) for each in tokens)
    with allowed_to, not_allowed:
        yield allowed_to, not_allowed


def test_json_is_shown_without_what_is_hidden(clients: tuple[TestClient, TestClient]) -> None:
    agent, reader = clients
    hidden = {"name": "Ada", "email": "•••", "hidden": ["email"]}
    assert (agent.get("/one").json(), reader.get("/one").json()) == (ADA, hidden)
    assert reader.get("/page").json()["items"] == [hidden]
    seen = reader.get("/one").headers["ETag"]
    assert seen != agent.get("/one").headers["ETag"]
    assert reader.get("/one", headers={"If-None-Match": seen}).status_code == 304


@pytest.mark.parametrize("path", ["/file", "/stream"])
def test_what_cannot_be_hidden_in_part_is_refused(clients: tuple[TestClient, TestClient], path: str) -> None:
    agent, reader = clients
    assert "ada@example.com" in agent.get(path).text
    answer = reader.get(path)
    assert (answer.status_code, "contacts:read-addresses" in answer.json()["detail"]) == (403, True)
    assert "ada@" not in answer.text


def test_an_endpoint_that_hides_itself_may_stream(clients: tuple[TestClient, TestClient]) -> None:
    agent, reader = clients
    assert json.loads(agent.get("/lines").text) == ADA
    assert json.loads(reader.get("/lines").text)["email"] == "•••"


def test_an_answer_without_content_stays_so(clients: tuple[TestClient, TestClient]) -> None:
    for each in clients:
        assert each.post("/nothing").status_code == 204
