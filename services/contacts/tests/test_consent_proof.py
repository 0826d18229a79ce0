"""The proof of a consent: the text, the times, the places, the chain of facts; the same facts, the same bytes."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.keys import MemoryKeys
from crm.chassis.people.links import AskedFor, confirmation_token
from crm.contacts.consent_document import as_pdf
from crm.contacts.consent_proof import NOT_ON_FILE, Evidence, Link, Proof

ASK = {"purpose": "news", "wording_version": "3", "source": "form", "language": "de"}
WHERE = {"ip": "192.0.2.1", "form_url": "https://shop.example/news"}
TEXT = {"purpose": "news", "version": "3", "language": "de", "text": "Ja, bitte."}


@pytest.fixture
def ada(suite: TestClient) -> UUID:
    answer = suite.post("/contacts", json={"name": "Ada Lovelace", "emails": ["ada@x.example"]})
    return UUID(answer.raise_for_status().json()["id"])


@pytest.fixture
def confirmed(suite: TestClient, ada: UUID, keys: MemoryKeys) -> str:
    """Where the proof of a consent is that was asked for and confirmed."""
    asked = suite.post(f"/contacts/{ada}/consents/request", json={**ASK, "evidence": WHERE}).json()
    token = confirmation_token(keys, AskedFor(UUID(asked["id"]), asked["version"]))
    suite.post(f"/confirm/{token}", headers={"User-Agent": "Firefox"}).raise_for_status()
    return f"/contacts/{ada}/consents/{asked['id']}/proof"


def test_the_proof_tells_who_agreed_to_what_when_and_from_where(suite: TestClient, ada: UUID, confirmed: str) -> None:
    suite.post("/consent-wordings", json=TEXT).raise_for_status()
    proof = suite.get(confirmed).json()
    told = {"contact_id": str(ada), "name": "Ada Lovelace", "state": "granted", "text": "Ja, bitte.", "address": None}
    assert {name: proof[name] for name in told} == told
    assert (proof["wording_version"], proof["language"], proof["asked_address"]) == ("3", "de", "ada@x.example")
    evidence = proof["evidence"]
    assert (evidence["requested_ip"], evidence["ip"], evidence["user_agent"]) == ("192.0.2.1", "testclient", "Firefox")
    assert proof["asked_at"] == evidence["requested_at"] <= evidence["confirmed_at"] <= proof["granted_at"]
    assert [each["type"].split(".")[2] for each in proof["chain"]] == ["consent-requested", "consent-granted"]
    assert [each["event_id"] for each in proof["chain"]] == [f"{proof['consent']}:{n}" for n in (1, 2)]
    assert proof["chain"][1]["actor"] == f"contact:{ada}"


def test_a_text_that_was_never_published_is_not_on_file(suite: TestClient, confirmed: str) -> None:
    assert suite.get(confirmed).json()["text"] == NOT_ON_FILE


def test_a_grant_that_names_no_language_has_the_text_there_is(suite: TestClient, views: Any, ada: UUID) -> None:
    suite.post("/consent-wordings", json=TEXT).raise_for_status()
    views.catch_up()
    body = {"purpose": "news", "channel": "sms", "wording_version": "3", "source": "form", "evidence": {}}
    consent = suite.post(f"/contacts/{ada}/consents", json=body).json()["id"]
    suite.post(f"/contacts/{ada}/consents/withdraw", json={"purpose": "news", "channel": "sms", "source": "mail"})
    proof = suite.get(f"/contacts/{ada}/consents/{consent}/proof").json()
    assert (proof["text"], proof["state"], proof["withdrawn_at"] is None) == ("Ja, bitte.", "withdrawn", False)


def test_the_document_is_the_same_for_the_same_facts(suite: TestClient, confirmed: str) -> None:
    first = suite.get(confirmed, params={"format": "pdf"})
    second = suite.get(confirmed, headers={"Accept": "application/pdf"})
    assert first.headers["Content-Type"] == second.headers["Content-Type"] == "application/pdf"
    assert first.content == second.content
    assert first.content.startswith(b"%PDF-")
    assert suite.get(confirmed, params={"format": "json"}, headers={"Accept": "application/pdf"}).json()["consent"]


def test_nobody_proves_the_consent_of_another_contact(suite: TestClient, ada: UUID, confirmed: str) -> None:
    consent = confirmed.split("/")[4]
    other = suite.post("/contacts", json={"name": "Eve"}).json()["id"]
    assert suite.get(f"/contacts/{other}/consents/{consent}/proof").status_code == 404
    assert suite.get(f"/contacts/{ada}/consents/{uuid4()}/proof").status_code == 404
    assert suite.get(f"/contacts/{ada}/consents/{ada}/proof").status_code == 404
    suite.delete(f"/contacts/{ada}").raise_for_status()
    assert suite.get(confirmed).status_code == 410


def test_whatever_a_name_or_a_text_holds_is_shown_and_never_run() -> None:
    hostile = '#panic() $x$ *a* "b" \\ <c> @d \x01\x85\u200b 日本語 😀 עברית ' + "x" * 300
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    fact = Link("x:1", "crm.contacts.consent-granted.v1", hostile, moment, moment, hostile, "web", None)
    proof = Proof(
        channel="email",
        purpose=hostile,
        address=None,
        legal_basis="consent",
        wording_version=hostile,
        consent=UUID(int=2),
        contact_id=UUID(int=1),
        recorded_for=UUID(int=1),
        name=hostile,
        state="granted",
        pending=True,
        language=None,
        text=hostile,
        asked_at=None,
        asked_address=hostile,
        granted_at=moment,
        withdrawn_at=None,
        expires_at=None,
        source=hostile,
        evidence=Evidence(*[hostile] * 4),
        chain=(fact,) * 60,
    )
    assert as_pdf(proof).startswith(b"%PDF-")
