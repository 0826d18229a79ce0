"""Consents over HTTP: by address, for a time, outweighed by objections; the matrix of them, now and at past moments."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import EventLog

WHAT = {"channel": "email", "purpose": "marketing"}
GRANT = {**WHAT, "wording_version": "3", "source": "form", "evidence": {"ip": "::1"}}
WITHDRAW = {**WHAT, "source": "mail"}
WORK, HOME = "ada@work.example", "ada@home.example"
Post = Callable[..., Any]


@pytest.fixture
def ada(suite: TestClient) -> UUID:
    body = {"name": "Ada", "emails": [WORK, HOME], "phones": ["030 1234567"]}
    return UUID(suite.post("/contacts", json=body).raise_for_status().json()["id"])


@pytest.fixture
def say(suite: TestClient, views: Any, ada: UUID) -> Post:
    """Records what Ada said, and shows it."""

    def say(path: str, body: dict[str, Any], **more: Any) -> Any:
        answer = suite.post(f"/contacts/{ada}/{path}", json=body | more).raise_for_status()
        views.catch_up()
        return answer.json()

    return say


@pytest.fixture
def states(suite: TestClient, ada: UUID) -> Callable[..., dict[str, str]]:
    """What counts for marketing by e-mail or another channel: by address, and for the channel as such."""

    def states(channel: str = "email", **moments: str) -> dict[str, str]:
        matrix = suite.get(f"/contacts/{ada}/consents/matrix", params=moments).raise_for_status().json()
        return {
            each["address"] or "any": each["state"]
            for each in matrix["cells"]
            if (each["channel"], each["purpose"]) == (channel, "marketing")
        }

    return states


def test_a_consent_for_one_address_counts_for_that_one(say: Post, states: Any) -> None:
    say("consents", GRANT, address=WORK)
    assert states() == {"any": "unknown", WORK: "granted"}
    say("consents", GRANT)
    say("consents/withdraw", WITHDRAW, address=HOME.upper())
    assert states() == {"any": "granted", WORK: "granted", HOME.upper(): "withdrawn"}


def test_a_withdrawal_without_an_address_takes_back_every_one_however_often(say: Post, states: Any) -> None:
    for _ in range(2):
        say("consents", GRANT, address=WORK)
        assert states()[WORK] == "granted"
        say("consents/withdraw", WITHDRAW)
        assert states() == {"any": "withdrawn", WORK: "withdrawn"}
        before = say("consents/withdraw", WITHDRAW)
        assert say("consents/withdraw", WITHDRAW)["version"] == before["version"]


def test_a_withdrawal_for_an_address_holds_against_what_was_agreed_to_in_general_since(say: Post, states: Any) -> None:
    say("consents/withdraw", WITHDRAW, address=WORK)
    say("consents", GRANT)
    assert states() == {"any": "granted", WORK: "granted"}
    say("consents/withdraw", WITHDRAW, address=WORK)
    assert states() == {"any": "granted", WORK: "withdrawn"}


def test_c2_a_number_is_recorded_as_it_is_called(say: Post, states: Any, log: EventLog) -> None:
    consent = say("consents", GRANT, channel="phone", address="030 1234567")["id"]
    assert say("consents", GRANT, channel="phone", address="+49 30 1234567")["id"] == consent
    assert states("phone") == {"any": "unknown", "+49301234567": "granted"}
    assert b"4930" not in log.store.load([UUID(consent)])[UUID(consent)][0].value


@pytest.mark.parametrize(
    ("channel", "address"), [("email", "no address"), ("sms", "12"), ("post", "Main Street 1"), ("phone", WORK)]
)
def test_an_address_must_be_one_of_its_channel(suite: TestClient, ada: UUID, channel: str, address: str) -> None:
    for path, body in (("consents", GRANT), ("consents/withdraw", WITHDRAW)):
        answer = suite.post(f"/contacts/{ada}/{path}", json=body | {"channel": channel, "address": address})
        assert (answer.status_code, answer.json()["field"]) == (409, "address")


def test_a_consent_is_over_when_its_time_is_also_before_anybody_notices(say: Post, states: Any) -> None:
    say("consents", GRANT, occurred_at="2026-01-01T00:00:00Z", expires_at="2026-02-01T00:00:00Z")
    assert states() == {"any": "expired"}


def test_objections_outweigh_consents_until_they_are_lifted(
    suite: TestClient, ada: UUID, say: Post, states: Any
) -> None:
    say("consents", GRANT)
    say("consents", GRANT, channel="phone")
    calls = {"objection": "do_not_call", "source": "phone", "evidence": {"note": "said so"}}
    all_of_it = {"objection": "do_not_process", "source": "letter", "evidence": {"note": "letter of 1 March"}}
    say("objections", calls)
    assert (states("phone"), states()) == ({"any": "do_not_call"}, {"any": "granted"})
    say("objections", all_of_it)
    assert (states("phone"), states()) == ({"any": "do_not_process"}, {"any": "do_not_process"})
    matrix = suite.get(f"/contacts/{ada}/consents/matrix").json()
    assert [each["objection"] for each in matrix["objections"]] == ["do_not_call", "do_not_process"]
    (cell,) = [each for each in matrix["cells"] if each["channel"] == "sms"]
    assert (cell["state"], cell["allowed"], "restricted" in cell["why"]) == ("do_not_process", False, True)
    say("objections/lift", all_of_it)
    say("objections/lift", calls)
    assert (states("phone"), states()) == ({"any": "granted"}, {"any": "granted"})


def test_c11_the_matrix_of_a_past_moment(
    suite: TestClient, views: Any, say: Post, states: Any, ada: UUID, log: EventLog
) -> None:
    say("consents", GRANT)
    granted_at = max(e.recorded_at for e in log.stream(UUID(say("consents", GRANT)["id"])))
    say("consents/withdraw", WITHDRAW)
    assert states(as_of=granted_at.isoformat()) == {"any": "granted"}
    assert states(as_known_at=granted_at.isoformat()) == {"any": "granted"}
    assert states() == {"any": "withdrawn"}


def test_c11_what_was_told_late_counts_when_it_happened_and_is_known_when_it_was_told(
    suite: TestClient, views: Any
) -> None:
    contact = suite.post("/contacts", json={"name": "Bob"}).json()["id"]
    early = {**GRANT, "occurred_at": "2020-01-01T00:00:00Z"}
    told = suite.post(f"/contacts/{contact}/consents", json=early).raise_for_status()
    views.catch_up()
    registered = suite.get(f"/contacts/{contact}/history", params={"order": "newest"}).json()["items"][0]
    before = suite.get(f"/contacts/{contact}/consents/matrix", params={"as_known_at": registered["recorded_at"]})
    assert before.json()["cells"] == []
    now = suite.get(f"/contacts/{contact}/consents/matrix").json()
    (cell,) = [each for each in now["cells"] if each["channel"] == "email"]
    assert (cell["since"], cell["decided_by"]) == ("2020-01-01T00:00:00Z", f"{told.json()['id']}:1")


def test_the_matrix_says_what_decided_and_why(suite: TestClient, say: Post, ada: UUID) -> None:
    text = {"purpose": "survey", "version": "1", "language": "en", "text": "May we ask you?"}
    suite.post("/consent-wordings", json=text).raise_for_status()
    written = say("consents", GRANT, legal_basis="legitimate-interest", language="de")
    cells = suite.get(f"/contacts/{ada}/consents/matrix").json()["cells"]
    assert {each["purpose"] for each in cells} == {"marketing", "survey"}
    assert len(cells) == 2 * 5
    (cell,) = [each for each in cells if each["state"] != "unknown"]
    assert cell["why"] == "They agreed."
    expected = {
        "legal_basis": "legitimate-interest",
        "wording_version": "3",
        "language": "de",
        "source": "form",
        "consent": written["id"],
        "decided_by": f"{written['id']}:1",
        "contact_id": str(ada),
    }
    assert {name: cell[name] for name in expected} == expected


def test_the_list_of_consents_tells_more_than_yes_and_no(suite: TestClient, say: Post, ada: UUID) -> None:
    say("consents", GRANT, address=WORK)
    say("consents", GRANT, channel="sms", expires_at="2199-01-01T00:00:00Z")
    say("objections", {"objection": "do_not_call", "source": "phone", "evidence": {}})
    first = suite.get(f"/contacts/{ada}/consents", params={"limit": 1}).json()
    rest = suite.get(f"/contacts/{ada}/consents", params={"limit": 1, "cursor": first["next"]}).json()
    (by_mail,), (by_text,) = first["items"], rest["items"]
    assert rest["next"] is None
    assert (by_mail["granted"], by_mail["standing"], by_mail["address"]) == (True, "granted", WORK)
    assert (by_text["granted"], by_text["expires_at"], by_text["address"]) == (True, "2199-01-01T00:00:00Z", None)


def test_wordings_are_published_once_and_listed(suite: TestClient, views: Any) -> None:
    text = {"purpose": "news", "version": "1", "language": "en", "text": "Yes, please."}
    first = suite.post("/consent-wordings", json=text)
    assert (first.status_code, suite.post("/consent-wordings", json=text).json()["version"]) == (201, 1)
    changed = suite.post("/consent-wordings", json={**text, "text": "Yes!"})
    assert (changed.status_code, changed.json()["field"]) == (409, "version")
    suite.post("/consent-wordings", json={**text, "language": "de", "text": "Ja, bitte."}).raise_for_status()
    views.catch_up()
    page = suite.get("/consent-wordings", params={"purpose": "news", "limit": 1}).json()
    assert [each["text"] for each in page["items"]] == ["Ja, bitte."]
    rest = suite.get("/consent-wordings", params={"purpose": "news", "cursor": page["next"]}).json()
    assert ([each["text"] for each in rest["items"]], rest["next"]) == (["Yes, please."], None)
