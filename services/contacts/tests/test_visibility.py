"""Who may not read addresses sees people without them, and finds nobody by them: in answers, lists and histories."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.services import Projector
from crm.contacts.service import service

HIDDEN = "•••"
ADA: dict[str, Any] = {
    "name": "Ada Lovelace",
    "emails": ["canary@example.com"],
    "phones": ["030 901820"],
    "address": {"street": "1 Canary Park", "city": "Canaryville", "country": "GB"},
}


@pytest.fixture
def ada(suite: TestClient, views: Projector) -> UUID:
    """Somebody with addresses, shown by every view."""
    contact = UUID(suite.post("/contacts", json=ADA).raise_for_status().json()["id"])
    suite.post(f"/contacts/{contact}/phones", json={"phone": "040 901820"}).raise_for_status()
    suite.post(f"/contacts/{contact}/emails", json={"email": "second.canary@example.com"}).raise_for_status()
    views.catch_up()
    return contact


@pytest.fixture
def reader(tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: Projector) -> Iterator[TestClient]:
    """Somebody who may read contacts, but no addresses."""
    issuer = LocalIssuer(tmp_path / "issuer")
    api = services.api_of(service, issuer, log, settings, db)
    with services.client_of(api, issuer.issue("lee", roles=["reader"])) as client:
        yield client


def test_a_contact_is_shown_without_addresses_and_says_what_is_hidden(reader: TestClient, ada: UUID) -> None:
    read = reader.get(f"/contacts/{ada}")
    assert read.status_code == 200
    answer = read.json()
    assert answer["name"] == "Ada Lovelace"
    assert [each["email"] for each in answer["emails"]] == [HIDDEN, HIDDEN]
    assert [(each["phone"], each["e164"]) for each in answer["phones"]] == [(HIDDEN, HIDDEN)] * 2
    assert (answer["address"]["street"], answer["address"]["country"]) == (HIDDEN, "GB")
    assert answer["hidden"] == ["emails", "phones", "address"]
    assert int(read.headers["Content-Length"]) == len(read.content)


@pytest.mark.parametrize(
    "path", ["/contacts", "/contacts/{ada}", "/contacts/{ada}/history", "/contacts/{ada}/history?order=oldest"]
)
def test_no_address_is_told_anywhere(reader: TestClient, suite: TestClient, ada: UUID, path: str) -> None:
    url = path.format(ada=ada)
    told = reader.get(url).raise_for_status().text.lower()
    assert "canary" not in told
    assert "901820" not in told
    assert "canary" in suite.get(url).text.lower()


def test_a_history_is_worded_without_addresses(reader: TestClient, ada: UUID) -> None:
    items = reader.get(f"/contacts/{ada}/history").json()["items"]
    assert [each["summary"] for each in items[:2]] == [
        f"E-mail address {HIDDEN} added",
        f"Telephone number {HIDDEN} added",
    ]
    assert items[0]["data"]["hidden"] == ["email"]


def test_a_history_is_searched_by_whoever_may_read_addresses(reader: TestClient, suite: TestClient, ada: UUID) -> None:
    path = f"/contacts/{ada}/history?text=canary"
    answer = reader.get(path)
    assert (answer.status_code, "contacts:read-addresses" in answer.json()["detail"]) == (403, True)
    assert suite.get(path).status_code == 200


def test_a_history_is_taken_as_a_file_without_addresses(reader: TestClient, suite: TestClient, ada: UUID) -> None:
    path = f"/contacts/{ada}/history.jsonl"
    assert "canary" in suite.get(path).text.lower()
    told = reader.get(path).raise_for_status().text
    assert "canary" not in told.lower()
    assert f"E-mail address {HIDDEN} added" in told


def test_nobody_is_found_by_an_address(reader: TestClient, suite: TestClient, ada: UUID) -> None:
    def found(client: TestClient, text: str) -> int:
        return len(client.get("/contacts", params={"search": text}).json()["items"])

    assert (found(suite, "canary"), found(reader, "canary")) == (1, 0)
    assert (found(suite, "ada love"), found(reader, "ada love")) == (1, 1)
    for asked in ({"email": "canary@example.com"}, {"phone": "030901820"}, {"email": "nobody@example.com"}):
        answer = reader.get("/identities", params=asked)
        assert (answer.status_code, "contacts:read-addresses" in answer.json()["detail"]) == (403, True)
    assert reader.get("/identities", params={"external_id": "shop:1"}).status_code == 404


def test_a_name_that_is_an_address_is_hidden_and_no_cursor_tells_it(
    reader: TestClient, suite: TestClient, views: Projector
) -> None:
    for name in ("canary@example.com", "zoe.canary@example.com", "Bob"):
        suite.post("/contacts", json={"name": name}).raise_for_status()
    views.catch_up()
    names, cursor = list[str](), None
    while True:
        page = reader.get("/contacts", params={"limit": 1} | ({"cursor": cursor} if cursor else {})).json()
        names += [each["name"] for each in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
        assert b"canary" not in base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert sorted(names) == ["Bob", HIDDEN, HIDDEN]


def test_who_may_read_addresses_sees_them_all(suite: TestClient, ada: UUID) -> None:
    answer = suite.get(f"/contacts/{ada}").json()
    assert answer["emails"][0]["email"] == "canary@example.com"
    assert "hidden" not in answer


def test_consents_are_told_without_addresses_and_without_evidence(
    reader: TestClient, suite: TestClient, ada: UUID, views: Projector
) -> None:
    where = {"ip": "192.0.2.77", "user_agent": "Firefox", "form_url": "https://shop.example/?of=77", "note": "Rang up"}
    said = {"channel": "sms", "purpose": "news", "wording_version": "3", "source": "form", "evidence": where}
    consent = suite.post(f"/contacts/{ada}/consents", json=said | {"address": "030 901820"}).raise_for_status().json()
    asked = {name: said[name] for name in ("purpose", "wording_version", "source", "evidence")}
    suite.post(f"/contacts/{ada}/consents/request", json=asked).raise_for_status()
    views.catch_up()
    proof = f"/contacts/{ada}/consents/{consent['id']}/proof"
    secrets = ("901820", "canary", "192.0.2.77", "firefox", "of=77", "rang up")
    for path in (f"/contacts/{ada}/consents", f"/contacts/{ada}/consents/matrix", proof, f"/contacts/{ada}/history"):
        told = reader.get(path).raise_for_status().text.lower()
        assert [each for each in secrets if each in told] == [], path
    shown = reader.get(proof).json()
    assert (shown["address"], shown["evidence"]["ip"], shown["chain"][0]["evidence"]["note"]) == (HIDDEN,) * 3
    assert shown["hidden"] == ["address", "evidence"]
    assert (shown["state"], shown["purpose"], shown["source"]) == ("granted", "news", "form")
    assert suite.get(proof).json()["evidence"]["ip"] == "192.0.2.77"
    pdf = reader.get(proof, params={"format": "pdf"})
    assert (pdf.status_code, "contacts:read-addresses" in pdf.json()["detail"]) == (403, True)


def test_why_two_are_alike_is_shown_in_words(
    reader: TestClient, suite: TestClient, ada: UUID, views: Projector
) -> None:
    other = suite.post("/contacts", json={"name": "Ada Lovelace"}).raise_for_status().json()["id"]
    suite.post("/duplicates", json={"first": str(ada), "second": other}).raise_for_status()
    views.catch_up()
    assert HIDDEN not in str(reader.get("/duplicates").json()["items"][0]["evidence"])
