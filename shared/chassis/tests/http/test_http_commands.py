"""Commands and queries over HTTP: what they answer, how they are repeated, what facts remember of them."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.http import Problem
from crm.chassis.log import EventLog

Joined = Callable[..., str]


def test_creating_answers_201_with_location_version_and_token(client: TestClient) -> None:
    response = client.post("/members", json={"name": "Ada"})
    stream = response.json()["id"]
    assert response.status_code == 201
    assert response.headers["Location"] == f"/members/{stream}"
    assert response.headers["ETag"] == '"1"'
    assert response.json() == {"id": stream, "version": 1, "token": response.headers["Consistency-Token"]}
    assert response.headers["Consistency-Token"].startswith(f"members/{stream}:1")


def test_changing_answers_200_with_the_next_version(client: TestClient, joined: Joined) -> None:
    response = client.put(f"/members/{joined()}/name", json={"name": "Bob"})
    assert (response.status_code, response.json()["version"], response.headers["ETag"]) == (200, 2, '"2"')


def test_reading_one_thing_carries_its_version_and_token(client: TestClient, joined: Joined) -> None:
    member = joined()
    response = client.get(f"/members/{member}")
    assert response.json() == {"member": member, "name": "Ada"}
    assert response.headers["ETag"] == '"1"'
    assert response.headers["Consistency-Token"] == f"members/{member}:1"
    assert response.headers["Cache-Control"] == "private, no-cache"


def test_nothing_is_sent_again_to_a_client_that_has_it(client: TestClient, joined: Joined) -> None:
    member = joined()
    response = client.get(f"/members/{member}", headers={"If-None-Match": '"9", "1"'})
    assert (response.status_code, response.content, response.headers["ETag"]) == (304, b"", '"1"')
    assert client.get(f"/members/{member}", headers={"If-None-Match": '"2"'}).status_code == 200


def test_lists_carry_a_weak_etag_of_their_content(client: TestClient) -> None:
    first, second = client.get("/members?text=a"), client.get("/members?text=b")
    assert first.headers["ETag"].startswith('W/"')
    assert first.headers["ETag"] != second.headers["ETag"]
    again = client.get("/members?text=a", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("seen", ['"1"', "1", "*"])
def test_a_command_on_the_version_seen_is_done(client: TestClient, joined: Joined, seen: str) -> None:
    answer = client.put(f"/members/{joined()}/name", json={"name": "Bob"}, headers={"If-Match": seen})
    assert answer.status_code == 200


def test_a_command_on_a_stale_version_is_refused_with_412(client: TestClient, joined: Joined) -> None:
    member = joined()
    client.put(f"/members/{member}/name", json={"name": "Bob"})
    stale = client.put(f"/members/{member}/name", json={"name": "Cy"}, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["version"], stale.headers["ETag"]) == (412, 2, '"2"')


@pytest.mark.parametrize("seen", ["seven", '"', "-1", 'W/"1"', '"1", "2"', "9" * 19])
def test_a_malformed_version_is_refused(client: TestClient, seen: str) -> None:
    answer = client.put(f"/members/{uuid4()}/name", json={"name": "Cy"}, headers={"If-Match": seen})
    assert (answer.status_code, answer.json()["field"]) == (422, "If-Match")


def test_a_repeated_request_is_answered_and_not_done_again(client: TestClient, log: EventLog) -> None:
    headers = {"Idempotency-Key": "k-1"}
    first = client.post("/members", json={"name": "Ada", "badge": "a1"}, headers=headers)
    again = client.post("/members", content=b'{ "badge":"a1",\n"name":"Ada"}', headers=headers | _JSON)
    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert len(log.stream(UUID(first.json()["id"]))) == 1


@pytest.mark.parametrize(
    ("path", "body"), [("/members", {"name": "Bob"}), ("/members?x=1", {"name": "Ada"})], ids=["body", "address"]
)
def test_a_key_used_for_another_request_is_refused(client: TestClient, path: str, body: dict[str, str]) -> None:
    headers = {"Idempotency-Key": "k-2"}
    client.post("/members", json={"name": "Ada"}, headers=headers)
    answer = client.post(path, json=body, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:crm:problem:key-reused")


def test_keys_of_different_callers_do_not_meet(client: TestClient, issuer: "object", joined: Joined) -> None:
    headers = {"Idempotency-Key": "k-3"}
    first = client.post("/members", json={"name": "Ada"}, headers=headers)
    other = issuer.issue("bob", ["members:write"])  # type: ignore[attr-defined]
    second = client.post("/members", json={"name": "Bob"}, headers=headers | {"Authorization": f"Bearer {other}"})
    assert second.status_code == 201
    assert second.json()["id"] != first.json()["id"]


@pytest.mark.parametrize("key", ["", "k" * 201, "with space", "tab\there", "\u00e9"])
def test_a_malformed_idempotency_key_is_refused(client: TestClient, key: str) -> None:
    answer = client.post("/members", json={"name": "Ada"}, headers={"Idempotency-Key": key.encode("latin-1")})
    assert (answer.status_code, answer.json()["field"]) == (422, "Idempotency-Key")


def test_facts_remember_who_asked_and_how(client: TestClient, log: EventLog) -> None:
    headers = {"X-Channel": "phone", "X-Correlation-Id": "case-7"}
    answer = client.post("/members", json={"name": "Ada"}, headers=headers)
    (fact,) = log.stream(UUID(answer.json()["id"]))
    assert (fact.actor, fact.channel, fact.correlation_id) == ("user:ada", "phone", "case-7")
    assert answer.headers["X-Correlation-Id"] == "case-7"


def test_without_headers_the_channel_is_the_api_and_the_matter_is_new(client: TestClient, log: EventLog) -> None:
    answer = client.post("/members", json={"name": "Ada"})
    (fact,) = log.stream(UUID(answer.json()["id"]))
    assert fact.channel == "api"
    assert fact.correlation_id == answer.headers["X-Correlation-Id"]


@pytest.mark.parametrize(
    ("header", "value"), [("X-Channel", "carrier-pigeon"), ("X-Correlation-Id", "a b"), ("X-Correlation-Id", "x@y.z")]
)
def test_other_channels_and_malformed_correlation_ids_are_refused(client: TestClient, header: str, value: str) -> None:
    answer = client.post("/members", json={"name": "Ada"}, headers={header: value})
    assert (answer.status_code, answer.json()["field"]) == (422, header)
    assert value not in answer.text


def test_a_public_page_needs_no_token(client: TestClient, log: EventLog) -> None:
    link = uuid4()
    answer = client.post(f"/unsubscribe/{link}", headers={"Authorization": ""})
    (fact,) = log.stream(link)
    assert (answer.status_code, fact.actor, fact.channel) == (200, f"contact:{link}", "web")


@pytest.mark.parametrize("cursor", ["%%%", "bm90IGpzb24", "e30", "x" * 5_000])
def test_a_malformed_cursor_is_refused(client: TestClient, cursor: str) -> None:
    answer = client.get("/members", params={"text": "a", "cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


@pytest.mark.parametrize("limit", ["0", "201", "many", "9" * 5_000])
def test_a_page_has_1_to_200_items(client: TestClient, limit: str) -> None:
    answer = client.get("/members", params={"text": "a", "limit": limit})
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_a_problem_is_raised_like_any_exception() -> None:
    from crm.chassis.http import problems

    assert Problem(problems.REJECTED, "No.").response().status_code == 409


_JSON = {"Content-Type": "application/json"}
