"""What becomes of identifiers that somebody else has, over HTTP: refused, kept with a warning, or used (C3, C4)."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import EventLog
from crm.chassis.settings import Settings

from .conftest import client_of

Register = Callable[..., UUID]


def test_c3_under_warn_a_number_is_kept_with_a_warning(api: TestClient, registered: Register) -> None:
    ada = registered(phones=["030 901820"])
    body = {"name": "Bob", "phones": ["+49 30 901820"]}
    answer = api.post("/contacts", json=body, headers={"Idempotency-Key": "bob"})
    assert answer.status_code == 201
    [warning] = answer.json()["warnings"]
    assert (warning["field"], warning["holder"]) == ("phone", str(ada))
    assert "kept as shared" in warning["detail"] and "901820" not in answer.text
    assert api.post("/contacts", json=body, headers={"Idempotency-Key": "bob"}).json() == answer.json()
    read = api.get(f"/contacts/{answer.json()['id']}").json()
    assert [(each["phone"], each["shared"]) for each in read["phones"]] == [("+49 30 901820", True)]
    found = api.get("/identities", params={"phone": "030901820"}).json()
    assert (found["contact_id"], found["shared"]) == (str(ada), False)


def test_c3_under_warn_a_number_is_added_with_a_warning(api: TestClient, registered: Register) -> None:
    ada, bob = registered(phones=["030 901820"]), registered("Bob")
    answer = api.post(f"/contacts/{bob}/phones", json={"phone": "030901820"})
    assert [each["holder"] for each in answer.json()["warnings"]] == [str(ada)]
    assert api.post(f"/contacts/{ada}/phones", json={"phone": "040 901820"}).json()["warnings"] == []
    moved = api.post(f"/contacts/{bob}/phones", json={"phone": "040901820"}, headers={"If-Match": '"1"'})
    assert moved.status_code == 412


def test_c3_a_declared_address_may_be_anybodys_though_the_kind_is_blocked(
    api: TestClient, registered: Register
) -> None:
    ada, bob = registered(emails=["info@acme.example"]), registered("Bob")
    path = f"/contacts/{bob}/emails"
    refused = api.post(path, json={"email": "INFO@acme.example"})
    assert (refused.status_code, refused.json()["holder"]) == (409, str(ada))
    api.post(f"/contacts/{ada}/identifiers/share", json={"email": "info@acme.example"}).raise_for_status()
    assert api.post(path, json={"email": "INFO@acme.example"}).json()["warnings"][0]["holder"] == str(ada)
    found = api.get("/identities", params={"email": "info@acme.example"}).json()
    assert (found["contact_id"], found["shared"]) == (str(ada), True)
    taken = api.post(f"/contacts/{bob}/identifiers/unshare", json={"email": "info@acme.example"})
    assert (taken.status_code, taken.json()["holder"]) == (409, str(ada))
    api.post(f"/contacts/{ada}/emails/remove", json={"email": "info@acme.example"}).raise_for_status()
    api.post(f"/contacts/{bob}/identifiers/unshare", json={"email": "info@acme.example"}).raise_for_status()
    assert api.get("/identities", params={"email": "info@acme.example"}).json()["contact_id"] == str(bob)


def test_exactly_one_identifier_is_declared(api: TestClient, registered: Register) -> None:
    for body in ({}, {"email": "a@b.example", "phone": "1"}):
        assert api.post(f"/contacts/{registered()}/identifiers/share", json=body).status_code == 422


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {
            "database": "",
            "keyring": "",
            "master_key": bytes(32),
            "own_domains": "crm.example",
            "blocked_identifiers": "kiosk@shop.example",
        }
    )


def test_c3_addresses_of_the_organisation_and_blocked_ones_are_kept_and_never_matched(
    api: TestClient, registered: Register, log: EventLog
) -> None:
    for address in ("kim@crm.example", "Kiosk@shop.example"):
        for each in (registered(emails=[address]), registered("Bob")):
            answer = api.post(f"/contacts/{each}/emails", json={"email": address})
            assert (answer.status_code, answer.json()["warnings"]) == (200, [])
            [read] = api.get(f"/contacts/{each}").json()["emails"]
            assert (read["email"], read["shared"]) == (address, True)
        assert api.get("/identities", params={"email": address}).status_code == 404
    assert not [each for each in log.read(None, 100) if each.type.endswith("identifier-claimed.v1")]


def test_c4_who_comes_second_may_use_the_winner(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    bob = registered("Bob", emails=["bob@example.com"], phones=["040 901820"])
    body = {
        "name": "A. Lovelace",
        "emails": ["ADA@example.com", "ada@home.example", "bob@example.com"],
        "phones": ["030 901820", "040 901820"],
        "external_ids": [{"system": "shop", "id": "4711"}],
        "on_taken": "use",
    }
    answers = [api.post("/contacts", json=body, headers={"Idempotency-Key": "x"}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    answer = answers[0].json()
    assert answer["id"] == str(ada)
    assert [(each["field"], each["holder"]) for each in answer["warnings"]] == [
        ("email", str(bob)),
        ("phone", str(bob)),
    ]
    assert ["left out" in each["detail"] for each in answer["warnings"]] == [True, False]
    read = api.get(f"/contacts/{ada}").json()
    assert read["name"] == "Ada Lovelace"
    assert [each["email"] for each in read["emails"]] == ["ada@example.com", "ada@home.example"]
    assert [(each["phone"], each["shared"]) for each in read["phones"]] == [("030 901820", False), ("040 901820", True)]
    assert read["external_ids"] == [{"system": "shop", "id": "4711"}]


def test_c4_using_the_winner_changes_nothing_where_nobody_is_known(api: TestClient) -> None:
    answer = api.post("/contacts", json={"name": "Ada", "emails": ["ada@example.com"], "on_taken": "use"})
    assert (answer.status_code, answer.json()["version"], answer.json()["warnings"]) == (201, 1, [])
    assert answer.headers["Location"] == f"/contacts/{answer.json()['id']}"


def test_c4_an_id_of_another_system_tells_more_than_an_address(api: TestClient, registered: Register) -> None:
    registered(emails=["ada@example.com"])
    bob = registered("Bob", external_ids=[{"system": "shop", "id": "7"}])
    body = {"name": "?", "emails": ["ada@example.com"], "external_ids": [{"system": "shop", "id": "7"}]}
    assert api.post("/contacts", json=body).json()["holder"] == str(bob)
    assert api.post("/contacts", json={**body, "on_taken": "use"}).json()["id"] == str(bob)


def test_c3_where_it_is_allowed_it_is_kept_without_a_word(tmp_path: Path, log: EventLog, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    lenient = Settings.model_validate(
        {"database": "", "keyring": "", "master_key": bytes(32), "identity_policy": {"email": "allow"}}
    )
    with client_of(tmp_path / "other", log, lenient) as client:
        answer = client.post("/contacts", json={"name": "Bob", "emails": ["ada@example.com"]})
        assert (answer.status_code, answer.json()["warnings"]) == (201, [])
        assert client.get("/identities", params={"email": "ada@example.com"}).json()["contact_id"] == str(ada)
