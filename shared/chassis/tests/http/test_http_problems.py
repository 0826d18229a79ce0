"""Every error is a problem (RFC 9457) that says what to do and repeats nothing that was sent."""

import json
from collections.abc import Iterator
from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from crm.chassis.auth import LocalIssuer

SECRET = "grace@secret.example"


def problem(response: Response, status: int, kind: str) -> dict[str, object]:
    """The problem in a response, checked for what all problems have in common."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    content: dict[str, object] = response.json()
    assert content["type"] == f"urn:crm:problem:{kind}"
    assert content["status"] == status
    assert content["title"]
    assert str(content["detail"]).endswith((".", "?"))
    assert SECRET not in response.text
    return content


@pytest.mark.parametrize(
    ("refusal", "status", "kind"),
    [
        ("erased", 410, "erased"),
        ("destroyed", 410, "erased"),
        ("taken", 409, "taken"),
        ("busy", 409, "busy"),
        ("keyring", 503, "unavailable"),
        ("bug", 500, "internal"),
    ],
)
def test_each_refusal_has_its_status(client: TestClient, refusal: str, status: int, kind: str) -> None:
    response = client.post(f"/members/{uuid4()}/refusals/{refusal}")
    content = problem(response, status, kind)
    assert "secret" not in response.text
    if kind == "taken":
        assert (content["holder"], content["field"]) == ("00000000-0000-0000-0000-000000000007", "email")
    if status == 503:
        assert int(response.headers["Retry-After"]) > 0


def test_a_rule_refuses_in_its_own_words(client: TestClient) -> None:
    answer = client.put(f"/members/{uuid4()}/name", json={"name": "Bob"})
    assert problem(answer, 404, "unknown")["detail"] == "There is no such member."


def test_an_identifier_somebody_holds_names_the_holder(client: TestClient) -> None:
    first = client.post("/members", json={"name": "Ada", "badge": "b7"})
    second = client.post("/members", json={"name": "Bob", "badge": "b7"})
    assert problem(second, 409, "taken")["holder"] == first.json()["id"]


def test_an_address_that_does_not_exist(client: TestClient) -> None:
    problem(client.get("/nothing-here"), 404, "unknown")


def test_a_method_that_an_address_does_not_take_names_those_it_takes(client: TestClient) -> None:
    response = client.delete("/members")
    problem(response, 405, "wrong-method")
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name": }', b'{"name": "\xff\xfe"}', b'{"age": ' + b"9" * 5_000 + b"}", b"[" * 100_000, b"\x00"],
    ids=["cut", "empty", "utf-8", "digits", "depth", "nul"],
)
def test_a_body_that_cannot_be_read(client: TestClient, body: bytes) -> None:
    problem(client.post("/members", content=body, headers={"Content-Type": "application/json"}), 400, "malformed")


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_media_type(client: TestClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    response = client.post("/members", content=b'{"name": "Ada"}', headers=headers)
    assert problem(response, 415, "wrong-media-type")["field"] == "Content-Type"


@pytest.mark.parametrize(
    ("body", "field", "rule"),
    [
        ({}, "name", "missing"),
        ({"name": ""}, "name", "string_too_short"),
        ({"name": SECRET * 2}, "name", "string_too_long"),
        ({"name": 5}, "name", "string_type"),
        ({"name": "Ada", "email": f"{SECRET}@"}, "email", "value_error"),
        ({"name": "Ada", "age": 10**400}, "age", "less_than_equal"),
        ({"name": "Ada", "badge": "123456"}, "badge", "value_error"),
        ({"name": "Ada", "tags": {SECRET: "x"}}, "tags.?", "int_parsing"),
        ({"name": "Ada", SECRET: 1}, "?", "extra_forbidden"),
        ({"name": "a\x00b"}, "name", "unstorable"),
        ({"name": "\ud800"}, "name", "unstorable"),
        ({"name": "Ada", "tags": {"a\x00": 1}}, "tags", "unstorable"),
        ([], "body", "model_attributes_type"),
        ("text", "body", "model_attributes_type"),
    ],
)
def test_each_offending_value_is_named_and_not_repeated(
    client: TestClient, body: object, field: str, rule: str
) -> None:
    answer = client.post("/members", content=json.dumps(body), headers={"Content-Type": "application/json"})
    content = problem(answer, 422, "invalid")
    errors = content["errors"]
    assert isinstance(errors, list)
    assert [(each["field"], each["rule"], each["location"]) for each in errors] == [(field, rule, "body")]
    assert errors[0]["detail"].endswith((".", "?"))
    assert "123456" not in answer.text
    assert content["field"] == field


def test_numbers_that_are_none_are_refused(client: TestClient) -> None:
    for number in (b"NaN", b"-Infinity", b"1e999"):
        body = b'{"name": "Ada", "tags": {"a": %s}}' % number
        answer = client.post("/members", content=body, headers={"Content-Type": "application/json"})
        assert problem(answer, 422, "invalid")["field"] == "tags.a"


def test_surrogates_in_raw_bytes_are_refused(client: TestClient) -> None:
    body = b'{"name": "\xed\xa0\x80"}'
    answer = client.post("/members", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, 422, "invalid")["field"] == "name"


def test_a_backslash_before_u0000_is_only_text(client: TestClient) -> None:
    assert client.post("/members", json={"name": "\\u0000"}).status_code == 201


@pytest.mark.parametrize("address", ["/members?text=a%00b", "/members/%00"])
def test_nul_in_an_address_is_refused(client: TestClient, address: str) -> None:
    problem(client.get(address), 422, "invalid")


def test_several_offending_values_are_all_named(client: TestClient) -> None:
    answer = client.post("/members", json={"name": "", "age": -1})
    errors = problem(answer, 422, "invalid")["errors"]
    assert isinstance(errors, list)
    assert [each["field"] for each in errors] == ["name", "age"]


def test_a_path_that_is_no_uuid(client: TestClient) -> None:
    content = problem(client.get("/members/xyz"), 422, "invalid")
    assert content["field"] == "member"
    assert "xyz" not in str(content)


def test_a_body_announced_as_too_large_is_refused_unread(client: TestClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Length": "1000001"}
    problem(client.post("/members", content=b'{"name": "Ada"}', headers=headers), 413, "too-large")


def test_a_body_that_grows_too_large_is_refused_while_it_comes(client: TestClient) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(11):
            yield b" " * 100_000

    problem(client.post("/members", content=parts(), headers={"Content-Type": "application/json"}), 413, "too-large")


def test_an_endpoint_may_take_larger_bodies(client: TestClient) -> None:
    address = f"/members/{uuid4()}/picture"
    assert client.put(address, json={"picture": "x" * 2_000_000}).status_code == 200
    problem(client.put(address, json={"picture": "x" * 3_000_000}), 413, "too-large")


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Bearer", "Bearer x", "Bearer a.b.c"])
def test_without_a_valid_token_nobody_is_let_in(client: TestClient, authorization: str | None) -> None:
    client.headers.pop("Authorization")
    headers = {} if authorization is None else {"Authorization": authorization}
    response = client.get("/members?cursor=broken&limit=0", headers=headers)
    problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"].startswith('Bearer realm="rapport"')


def test_a_token_without_the_permission_is_refused(client: TestClient, issuer: LocalIssuer) -> None:
    headers = {"Authorization": f"Bearer {issuer.issue('eve', ['members:read'])}"}
    response = client.post("/members", json={}, headers=headers)
    assert "members:write" in str(problem(response, 403, "forbidden")["detail"])
    assert 'scope="members:write"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("scope", ["*", "members:*"])
def test_wildcards_permit(client: TestClient, issuer: LocalIssuer, scope: str) -> None:
    headers = {"Authorization": f"Bearer {issuer.issue('root', [scope])}"}
    assert client.post("/members", json={"name": "Ada"}, headers=headers).status_code == 201


def test_a_database_that_is_away_is_told_in_passing(client: TestClient, app: FastAPI) -> None:
    app.state.database = None
    assert client.get("/members?text=a").headers["Retry-After"] == "1"


def test_every_status_is_described(app: FastAPI) -> None:
    schema = app.openapi()
    create = schema["paths"]["/members"]["post"]
    assert set(create["responses"]) == {
        "201", "400", "401", "403", "404", "409", "410", "412", "413", "415", "422", "500", "503",
    }  # fmt: skip
    assert create["security"] == [{"bearer": ["members:write"]}]
    assert "members:write" in create["description"]
    assert "security" not in schema["paths"]["/unsubscribe/{link}"]["post"]
    assert "304" in schema["paths"]["/members/{member}"]["get"]["responses"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    assert "null" not in str(create["parameters"])
    names = {each["name"] for each in create["parameters"]}
    assert names == {"X-Channel", "X-Correlation-Id", "Idempotency-Key"}
