"""Contacts over HTTP, on a log in memory."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import EventLog
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.interactions import InteractionLogged

Register = Callable[..., UUID]

PROOF = {"ip": "192.0.2.1", "form_url": "https://shop.example/news"}


def test_a_contact_is_registered_and_read_back(api: TestClient) -> None:
    body = {
        "name": "Ada Lovelace",
        "emails": ["Ada@Example.com", "ada@home.example"],
        "phones": ["030 901820", "reception"],
        "address": {"street": "1 Ockham Park", "city": "London", "country": "GB"},
        "external_ids": [{"system": "shop", "id": "4711"}],
    }
    answer = api.post("/contacts", json=body)
    assert answer.status_code == 201
    written = answer.json()
    assert answer.headers["Location"] == f"/contacts/{written['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert f"{written['id']}:1" in answer.headers["Consistency-Token"]
    assert answer.headers["Consistency-Token"] == written["token"]
    read = api.get(f"/contacts/{written['id']}")
    assert read.headers["ETag"] == '"1"'
    assert read.json() == {
        "id": written["id"],
        "name": "Ada Lovelace",
        "emails": [
            {"email": "Ada@Example.com", "verified": False, "primary": True, "shared": False},
            {"email": "ada@home.example", "verified": False, "primary": False, "shared": False},
        ],
        "phones": [
            {"phone": "030 901820", "e164": "+4930901820", "verified": False, "primary": True, "shared": False},
            {"phone": "reception", "e164": None, "verified": False, "primary": False, "shared": False},
        ],
        "address": {"street": "1 Ockham Park", "postal_code": None, "city": "London", "region": None, "country": "GB"},
        "external_ids": [{"system": "shop", "id": "4711"}],
        "provisional": False,
        "aliases": [],
        "provenance": {
            "name": [written["id"]],
            "address": [written["id"]],
            "emails": [written["id"]] * 2,
            "phones": [written["id"]] * 2,
            "external_ids": [written["id"]],
            "devices": [],
            **dict.fromkeys(("owner", "birthday", "language", "time_zone"), []),
            **dict.fromkeys(("tags", "further_addresses", "handles", "attributes"), []),
        },
        "devices": [],
        "anonymous": False,
        "owner": None,
        "tags": [],
        "archived": False,
        "birthday": None,
        "language": None,
        "time_zone": None,
        "further_addresses": [],
        "handles": [],
        "attributes": {},
        "withdrawn": False,
    }


def test_c4_who_comes_second_is_told_the_holder(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    answer = api.post("/contacts", json={"name": "Ada", "emails": ["ADA@example.com"]})
    assert answer.status_code == 409
    assert answer.json()["holder"] == str(ada)


def test_a_repeated_request_is_answered_and_not_done_again(api: TestClient) -> None:
    body = {"name": "Ada", "emails": ["ada@example.com"]}
    first, second = (api.post("/contacts", json=body, headers={"Idempotency-Key": "one"}) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_an_identifier_resolves_at_once_in_any_spelling(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"], phones=["030 901820"], external_ids=[{"system": "shop", "id": "4711"}])
    for query in ({"email": "ADA@Example.COM"}, {"phone": "+49 30 901820"}, {"external_id": "SHOP:4711"}):
        found = api.get("/identities", params=query).json()
        assert found == {"contact_id": str(ada), "provisional": False, "anonymous": False, "shared": False}
    assert api.get("/identities", params={"email": "eve@example.com"}).status_code == 404
    assert api.get("/identities", params={"email": "noreply@example.com"}).status_code == 404


def test_exactly_one_identifier_is_looked_up(api: TestClient) -> None:
    assert api.get("/identities").status_code == 422
    assert api.get("/identities", params={"email": "a@b.example", "phone": "1"}).status_code == 422


def test_a_removed_address_is_free_for_others(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    api.post(f"/contacts/{ada}/emails/remove", json={"email": "ADA@example.com"}).raise_for_status()
    bob = registered("Bob", emails=["ada@example.com"])
    assert api.get("/identities", params={"email": "ada@example.com"}).json()["contact_id"] == str(bob)


def test_addresses_and_numbers_are_added_verified_and_made_primary(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    for method, path, body in (
        ("POST", "emails", {"email": "ada@new.example"}),
        ("POST", "emails/verify", {"email": "ada@new.example"}),
        ("PUT", "emails/primary", {"email": "ada@new.example"}),
        ("POST", "phones", {"phone": "030 901820"}),
        ("POST", "phones", {"phone": "+1 212 555 0123"}),
        ("POST", "phones/verify", {"phone": "(030) 901820"}),
        ("PUT", "phones/primary", {"phone": "+12125550123"}),
        ("POST", "phones/remove", {"phone": "030901820"}),
        ("POST", "external-ids", {"system": "erp", "id": "7"}),
    ):
        api.request(method, f"/contacts/{ada}/{path}", json=body).raise_for_status()
    read = api.get(f"/contacts/{ada}").json()
    assert read["emails"][0] == {"email": "ada@new.example", "verified": True, "primary": True, "shared": False}
    assert [each["phone"] for each in read["phones"]] == ["+1 212 555 0123"]
    assert read["external_ids"] == [{"system": "erp", "id": "7"}]


def test_a_stale_version_is_refused(api: TestClient, registered: Register) -> None:
    ada = registered()
    renamed = api.patch(f"/contacts/{ada}", json={"name": "Ada King"}, headers={"If-Match": '"1"'})
    assert renamed.headers["ETag"] == '"2"'
    assert api.patch(f"/contacts/{ada}", json={"name": "Eve"}, headers={"If-Match": '"1"'}).status_code == 412


def test_a_patch_changes_what_it_names(api: TestClient, registered: Register) -> None:
    ada = registered(address={"city": "London"})
    api.patch(f"/contacts/{ada}", json={"name": "Ada King"}).raise_for_status()
    assert api.get(f"/contacts/{ada}").json()["address"]["city"] == "London"
    api.patch(f"/contacts/{ada}", json={"address": None}).raise_for_status()
    assert api.get(f"/contacts/{ada}").json()["address"] is None
    assert api.patch(f"/contacts/{ada}", json={}).json()["version"] == 3


def test_c11_a_contact_as_of_a_past_moment(api: TestClient, registered: Register) -> None:
    ada = registered()
    between = datetime.now(UTC)
    api.patch(f"/contacts/{ada}", json={"name": "Ada King"}).raise_for_status()
    for query in ("as_of", "as_known_at"):
        assert api.get(f"/contacts/{ada}", params={query: between.isoformat()}).json()["name"] == "Ada Lovelace"
    long_ago = {"as_of": (between - timedelta(days=1)).isoformat()}
    assert api.get(f"/contacts/{ada}", params=long_ago).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": " "},
        {"name": "Ada", "emails": ["ada"]},
        {"name": "Ada", "emails": "ada@example.com"},
        {"name": "Ada", "phones": [""]},
        {"name": "Ada", "address": {"country": "Germany"}},
        {"name": "Ada", "external_ids": [{"system": "", "id": "1"}]},
        {"name": "Ada", "unheard_of": 1},
    ],
)
def test_a_bad_body_is_422(api: TestClient, body: dict[str, Any]) -> None:
    assert api.post("/contacts", json=body).status_code == 422


def test_unknown_is_404(api: TestClient) -> None:
    nobody = uuid4()
    assert api.get(f"/contacts/{nobody}").status_code == 404
    assert api.patch(f"/contacts/{nobody}", json={"name": "Eve"}).status_code == 404
    assert api.delete(f"/contacts/{nobody}").status_code == 404
    note = {"kind": "note", "subject": "Hello"}
    assert api.post(f"/contacts/{nobody}/interactions", json=note).status_code == 404


def test_the_id_of_something_else_is_no_contact(api: TestClient, registered: Register) -> None:
    note = api.post(f"/contacts/{registered()}/interactions", json={"kind": "note", "subject": "Hello"}).json()["id"]
    assert api.get(f"/contacts/{note}").status_code == 404
    assert api.patch(f"/contacts/{note}", json={"name": "Eve"}).status_code == 404
    assert api.delete(f"/contacts/{note}").status_code == 404


def test_an_interaction_may_lie_in_the_past(api: TestClient, registered: Register, log: EventLog) -> None:
    ada = registered()
    body = {
        "kind": "call",
        "direction": "outbound",
        "subject": "Price",
        "body": "Too high",
        "occurred_at": "2020-02-03T04:05:06Z",
    }
    answer = api.post(f"/contacts/{ada}/interactions", json=body, headers={"X-Channel": "phone"})
    assert answer.status_code == 201
    e = log.stream(UUID(answer.json()["id"]))[0]
    assert e.fact == InteractionLogged(contact=ada, kind="call", direction="outbound", subject="Price", body="Too high")
    assert (e.occurred_at, e.channel, e.contact_ids) == (datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC), "phone", (ada,))
    body["occurred_at"] = "2199-01-01T00:00:00Z"
    assert api.post(f"/contacts/{ada}/interactions", json=body).status_code == 409


def test_an_interaction_is_refused_when_the_contact_has_changed(api: TestClient, registered: Register) -> None:
    ada, note = registered(), {"kind": "note", "subject": "Hello"}
    url = f"/contacts/{ada}/interactions"
    assert api.post(url, json=note, headers={"If-Match": '"7"'}).status_code == 412
    assert api.post(url, json=note, headers={"If-Match": '"1"'}).status_code == 201


def test_a_repeated_interaction_is_answered_as_before_though_the_contact_is_gone(
    api: TestClient, registered: Register
) -> None:
    ada, note, key = registered(), {"kind": "note", "subject": "Hello"}, {"Idempotency-Key": "one"}
    first = api.post(f"/contacts/{ada}/interactions", json=note, headers=key)
    api.delete(f"/contacts/{ada}").raise_for_status()
    assert api.post(f"/contacts/{ada}/interactions", json=note, headers=key).json() == first.json()
    assert api.post(f"/contacts/{ada}/interactions", json=note).status_code == 410


def test_consent_is_granted_and_withdrawn_with_evidence(api: TestClient, registered: Register, log: EventLog) -> None:
    ada = registered()
    what = {"channel": "email", "purpose": "marketing", "source": "form"}
    granted = api.post(f"/contacts/{ada}/consents", json={**what, "wording_version": "3", "evidence": PROOF})
    withdrawn = api.post(f"/contacts/{ada}/consents/withdraw", json=what)
    assert granted.json()["id"] == withdrawn.json()["id"]
    facts = [e.fact for e in log.stream(UUID(granted.json()["id"]))]
    assert [type(each) for each in facts] == [ConsentGranted, ConsentWithdrawn]
    assert isinstance(facts[0], ConsentGranted)
    assert facts[0].evidence is not None
    assert facts[0].evidence.ip == "192.0.2.1"


def test_consent_needs_evidence(api: TestClient, registered: Register) -> None:
    body = {"channel": "email", "purpose": "marketing", "source": "form", "wording_version": "3"}
    assert api.post(f"/contacts/{registered()}/consents", json=body).status_code == 422


def test_c13_an_erased_contact_is_gone(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    assert api.delete(f"/contacts/{ada}", headers={"If-Match": '"9"'}).status_code == 412
    assert api.delete(f"/contacts/{ada}").status_code == 200
    for answer in (
        api.get(f"/contacts/{ada}"),
        api.get(f"/contacts/{ada}", params={"as_of": "2026-01-01T00:00:00Z"}),
        api.patch(f"/contacts/{ada}", json={"name": "Eve"}),
        api.post(f"/contacts/{ada}/emails", json={"email": "eve@example.com"}),
        api.delete(f"/contacts/{ada}"),
    ):
        assert answer.status_code == 410
    assert api.get("/identities", params={"email": "ada@example.com"}).status_code == 404


def test_every_endpoint_asks_for_a_permission(api: TestClient) -> None:
    assert api.get(f"/contacts/{uuid4()}", headers={"Authorization": ""}).status_code == 401
