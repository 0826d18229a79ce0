"""M3: confirming by a link. Looking changes nothing, one press confirms, and every other link says what it is."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, EventLog
from crm.chassis.people.links import AskedFor, confirmation_token
from crm.contacts.consent import consents
from crm.contacts.double_opt_in import expire_request
from crm.events.consents import ConsentGranted, ConsentRequested

ASK = {"purpose": "product-news", "wording_version": "3", "source": "form", "evidence": {"ip": "192.0.2.1"}}


@pytest.fixture
def ada(registered: Callable[..., UUID]) -> UUID:
    return registered(emails=["ada@x.example", "ada@home.example"])


@pytest.fixture
def ask(api: TestClient, ada: UUID) -> Callable[..., AskedFor]:
    """Asks for a consent of Ada's; what the link in the mail names."""

    def ask(**more: Any) -> AskedFor:
        answer = api.post(f"/contacts/{ada}/consents/request", json=ASK | more).raise_for_status().json()
        return AskedFor(UUID(answer["id"]), answer["version"])

    return ask


@pytest.fixture
def reader(api: TestClient) -> Iterator[TestClient]:
    """Somebody without a token."""
    with TestClient(api.app, headers={"User-Agent": "Firefox/140"}) as client:
        yield client


@pytest.fixture
def link(keys: MemoryKeys) -> Callable[[AskedFor], str]:
    return lambda asked: f"/confirm/{confirmation_token(keys, asked)}"


def test_m3_nothing_is_allowed_before_the_press_and_the_press_is_proof(
    ask: Any, link: Any, reader: TestClient, log: EventLog, ada: UUID
) -> None:
    asked = ask()
    for _ in range(3):
        page = reader.get(link(asked))
        assert reader.head(link(asked)).status_code == page.status_code == 200
    assert "product news" in page.text
    assert [type(e.fact) for e in log.stream(asked.consent)] == [ConsentRequested]
    done = reader.post(link(asked))
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    requested, granted = log.stream(asked.consent)
    assert isinstance(granted.fact, ConsentGranted)
    assert granted.fact.evidence is not None
    proof = granted.fact.evidence
    assert (proof.ip, proof.user_agent, proof.requested_ip) == ("testclient", "Firefox/140", "192.0.2.1")
    assert proof.requested_at is not None
    assert proof.confirmed_at is not None
    assert proof.requested_at <= requested.recorded_at <= proof.confirmed_at <= granted.recorded_at
    assert proof.token_hash == hashlib.sha256(link(asked).rpartition("/")[2].encode()).hexdigest()
    assert (granted.actor, granted.fact.scope, granted.fact.wording_version) == (f"contact:{ada}", "channel", "3")


def test_m3_a_link_works_once(ask: Any, link: Any, reader: TestClient, log: EventLog) -> None:
    asked = ask()
    assert [reader.post(link(asked)).status_code for _ in range(2)] == [200, 409]
    assert (reader.get(link(asked)).status_code, len(log.stream(asked.consent))) == (409, 2)


def test_m3_a_link_whose_time_is_over_is_gone(
    ask: Any, link: Any, reader: TestClient, log: EventLog, do: Commands
) -> None:
    asked = ask()
    request = log.get(consents, asked.consent).state.request
    assert request
    do(consents, asked.consent, lambda consent: expire_request(consent, due_at=request.asked.expires_at))
    for answer in (reader.get(link(asked)), reader.post(link(asked))):
        assert (answer.status_code, "ended" in answer.text) == (410, True)
    assert reader.post(link(ask())).status_code == 200


def test_m3_a_withdrawal_takes_the_link_away(
    ask: Any, link: Any, reader: TestClient, api: TestClient, ada: UUID
) -> None:
    asked = ask()
    body = {"channel": "email", "purpose": "product-news", "source": "phone"}
    api.post(f"/contacts/{ada}/consents/withdraw", json=body).raise_for_status()
    assert reader.post(link(asked)).status_code == 410


def test_m3_a_forged_link_is_not_found(ask: Any, link: Any, reader: TestClient, log: EventLog, ada: UUID) -> None:
    asked = ask()
    others = MemoryKeys()
    for path in (
        f"/confirm/{confirmation_token(others, asked)}",
        link(AskedFor(asked.consent, 7)),
        link(AskedFor(ada, 1)),
        link(AskedFor(UUID(int=9), 1)),
        f"{link(asked)[:-3]}AAA",
        "/confirm/%C3%A9",
        "/confirm/x",
    ):
        for answer in (reader.get(path), reader.post(path)):
            assert (answer.status_code, "does not work" in answer.text) == (404, True)
    assert len(log.stream(asked.consent)) == 1


def test_an_address_that_was_meant_is_the_one_it_counts_for(
    ask: Any, link: Any, reader: TestClient, log: EventLog
) -> None:
    asked = ask(address="ADA@home.example", language="de")
    reader.post(link(asked)).raise_for_status()
    requested, granted = (e.fact for e in log.stream(asked.consent))
    assert isinstance(requested, ConsentRequested)
    assert isinstance(granted, ConsentGranted)
    assert (requested.address, granted.scope, granted.address, granted.language) == (
        "ada@home.example", "address", "ada@home.example", "de",
    )  # fmt: skip


def test_nobody_else_is_asked(api: TestClient, ada: UUID, registered: Callable[..., UUID]) -> None:
    stranger = api.post(f"/contacts/{ada}/consents/request", json={**ASK, "address": "eve@x.example"})
    unreachable = api.post(f"/contacts/{registered('Bob')}/consents/request", json=ASK)
    assert [(each.status_code, each.json()["field"]) for each in (stranger, unreachable)] == [(409, "address")] * 2


def test_the_page_shows_the_published_text_in_its_language_and_nothing_of_the_person(
    ask: Any, link: Any, reader: TestClient, api: TestClient
) -> None:
    text = {"purpose": "product-news", "version": "3", "language": "de", "text": "Ja, <b>bitte</b>."}
    api.post("/consent-wordings", json=text).raise_for_status()
    page = reader.get(link(ask(language="de")))
    assert '<blockquote lang="de">Ja, &lt;b&gt;bitte&lt;/b&gt;.</blockquote>' in page.text
    assert '<html lang="en">' in page.text
    assert not any(each in page.text for each in ("Ada", "Lovelace", "x.example"))
    assert (page.headers["Cache-Control"], page.headers["Referrer-Policy"]) == ("no-store", "no-referrer")
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_a_link_tells_nothing_of_anybody(ask: Any, link: Any, tmp_path: Path) -> None:
    assert set(link(ask())) <= set("/confirmABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_link_to_preferences_needs_to_know_where_the_service_is_reached(api: TestClient, ada: UUID) -> None:
    answer = api.post(f"/contacts/{ada}/preference-link")
    assert (answer.status_code, "RAPPORT_PUBLIC_URL" in answer.json()["detail"]) == (409, True)
