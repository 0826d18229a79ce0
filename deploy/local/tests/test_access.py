"""Who may do what, tried out: every endpoint of every service, without a token, with a wrong one, with each role."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer, Roles
from crm.chassis.documents.access import BEGIN, END, Operation, operations_of
from crm.chassis.http import Api, create_app
from crm.chassis.service import Service
from crm.local.generating import ROOT
from crm.local.suite import services

_SOMETHING = UUID(int=7)


@cache
def operations() -> tuple[Operation, ...]:
    """Everything all services can be asked, from their OpenAPI documents."""
    return tuple(each for service in services() for each in operations_of(service.name, service.openapi()))


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> LocalIssuer:
    return LocalIssuer(tmp_path_factory.mktemp("issuer"))


@pytest.fixture(scope="module")
def clients(issuer: LocalIssuer) -> Iterator[dict[str, TestClient]]:
    """A client per service. Nothing is behind them: who may ask is told so, or what is wrong with the request."""
    opened = {each.name: TestClient(create_app(_api(each, issuer)), follow_redirects=False) for each in services()}
    yield opened
    for each in opened.values():
        each.close()


def _api(service: Service, issuer: LocalIssuer) -> Api:
    return Api(
        title=service.name, version="1", routers=service.routers, verifier=issuer.verifier(), public=service.public
    )


def ask(clients: dict[str, TestClient], operation: Operation, token: str | None) -> Any:
    path = re.sub(r"{[^}]+}", str(_SOMETHING), operation.path)
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return clients[operation.service].request(operation.method, path, headers=headers)


def granted() -> dict[str, dict[str, bool]]:
    """What the page about operations says: by permission and role, whether the role has it."""
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    table = page[page.index(BEGIN) : page.index(END)]
    header, _, *rows = ([cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines() if "|" in line)
    return {row[0].strip("`"): dict(zip(header[2:], (each == "yes" for each in row[2:]), strict=True)) for row in rows}


def name_of(operation: Operation) -> str:
    return f"{operation.service} {operation.method} {operation.path}"


def test_the_page_tells_of_every_permission_and_role() -> None:
    table = granted()
    assert {each for operation in operations() for each in operation.permissions} <= table.keys()
    assert all(set(roles) == set(Roles().permissions) for roles in table.values())


def test_what_needs_no_token_is_named_on_the_page() -> None:
    page = (ROOT / "docs/operations.md").read_text("utf-8")
    for each in operations():
        line = f"- {each.service}: `{each.method} {each.path}`"
        assert (line in page) is (not each.permissions), name_of(each)


def test_without_a_token_nobody_is_let_in(clients: dict[str, TestClient]) -> None:
    for each in operations():
        if each.permissions:
            answer = ask(clients, each, None)
            assert answer.status_code == 401, name_of(each)
            assert "WWW-Authenticate" in answer.headers


def test_a_token_that_permits_something_else_is_told_what_is_missing(
    clients: dict[str, TestClient], issuer: LocalIssuer
) -> None:
    everything = sorted({permission for each in operations() for permission in each.permissions})
    for each in operations():
        for missing in each.permissions:
            token = issuer.issue("kim", [other for other in everything if other != missing])
            answer = ask(clients, each, token)
            assert answer.status_code == 403, name_of(each)
            assert missing in answer.json()["detail"]
            assert f'scope="{missing}"' in answer.headers["WWW-Authenticate"]
            assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("role", list(Roles().permissions))
def test_each_role_may_do_exactly_what_the_page_says(
    clients: dict[str, TestClient], issuer: LocalIssuer, role: str
) -> None:
    table, token = granted(), issuer.issue("kim", roles=[role])
    for each in operations():
        if each.permissions:
            answer = ask(clients, each, token)
            is_let_in = all(table[permission][role] for permission in each.permissions)
            assert (answer.status_code not in (401, 403)) is is_let_in, f"{role}: {name_of(each)} {answer.text}"
            assert not is_let_in or answer.status_code in (404, 422, 503), f"{name_of(each)} {answer.text}"


def test_a_service_account_is_limited_to_its_scopes(clients: dict[str, TestClient], issuer: LocalIssuer) -> None:
    token = issuer.issue("bi", ["sales:read"], kind="service", roles=["integration"])
    for each in operations():
        if each.permissions:
            is_let_in = set(each.permissions) == {"sales:read"}
            assert (ask(clients, each, token).status_code != 403) is is_let_in, name_of(each)
