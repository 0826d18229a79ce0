"""Queries of views over HTTP: lists, the history, consents, and how far an erasure has come."""

from functools import partial
from typing import Any, Protocol
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.runtime import Runtime
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.contacts.erasing import erasing
from crm.contacts.service import service
from crm.events import catalogue


class Views(Protocol):
    def catch_up(self) -> None: ...


def register(suite: TestClient, name: str = "Ada Lovelace", **more: Any) -> UUID:
    return UUID(suite.post("/contacts", json={"name": name, **more}).raise_for_status().json()["id"])


def log_note(suite: TestClient, contact: UUID, subject: str = "Hello", **more: Any) -> Any:
    body = {"kind": "note", "direction": "internal", "subject": subject, **more}
    return suite.post(f"/contacts/{contact}/interactions", json=body).raise_for_status()


def test_people_are_listed_and_searched(suite: TestClient, views: Views) -> None:
    ada = register(suite, emails=["ada@example.com"], address={"city": "London", "country": "GB"})
    register(suite, "Bob")
    views.catch_up()
    first = suite.get("/contacts", params={"limit": 1}).json()
    assert first["items"] == [
        {
            "id": str(ada),
            "name": "Ada Lovelace",
            "emails": ["ada@example.com"],
            "phones": [],
            "city": "London",
            "country": "GB",
            "provisional": False,
            "archived": False,
            "owner": None,
            "tags": [],
        }
    ]
    second = suite.get("/contacts", params={"limit": 1, "cursor": first["next"]}).json()
    assert ([each["name"] for each in second["items"]], second["next"]) == (["Bob"], None)
    assert [each["name"] for each in suite.get("/contacts", params={"search": "bo"}).json()["items"]] == ["Bob"]


def test_the_history_over_http(suite: TestClient, views: Views) -> None:
    ada = register(suite)
    log_note(suite, ada, occurred_at="2020-01-01T00:00:00Z")
    views.catch_up()
    answer = suite.get(f"/contacts/{ada}/history", params={"order": "oldest"}).json()
    assert [each["summary"] for each in answer["items"]] == ["note (internal): Hello", "Ada Lovelace became a contact"]
    assert set(answer["items"][0]) == {
        "event_id", "contact_id", "service", "type", "summary", "occurred_at", "recorded_at", "actor", "channel",
        "data", "trace_id", "visibility", "amended",
    }  # fmt: skip
    since = suite.get(f"/contacts/{ada}/history", params={"from": "2021-01-01T00:00:00Z"}).json()
    assert [each["type"] for each in since["items"]] == ["crm.contacts.contact-registered.v1"]
    until = suite.get(f"/contacts/{ada}/history", params={"to": "2021-01-01T00:00:00Z"}).json()
    assert [each["type"] for each in until["items"]] == ["crm.contacts.interaction-logged.v2"]


def test_the_history_of_nobody_is_404_and_that_of_somebody_new_is_empty(suite: TestClient, views: Views) -> None:
    assert suite.get(f"/contacts/{uuid4()}/history").status_code == 404
    assert suite.get(f"/contacts/{register(suite)}/history").json() == {"items": [], "next": None, "previous": None}


def test_a_query_shows_what_its_token_names_or_says_that_it_cannot_yet(suite: TestClient, views: Views) -> None:
    ada = register(suite)
    token = log_note(suite, ada).headers["Consistency-Token"]
    assert suite.get(f"/contacts/{ada}/history", headers={"If-Consistent-With": token}).status_code == 503
    views.catch_up()
    answer = suite.get(f"/contacts/{ada}/history", headers={"If-Consistent-With": token})
    assert (answer.status_code, answer.headers["Consistency-Token"]) == (200, token)


def test_c8_an_alias_answers_for_its_holder(suite: TestClient, views: Views, do: Commands) -> None:
    ada, alias = register(suite), uuid4()
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=ada)), Step(contacts, ada, partial(recognise, alias=alias))
    )
    views.catch_up()
    answer = suite.get(f"/contacts/{alias}")
    assert (answer.status_code, answer.json()["id"], answer.json()["aliases"]) == (200, str(ada), [str(alias)])
    histories = [suite.get(f"/contacts/{each}/history").json() for each in (ada, alias)]
    assert histories[0] == histories[1]
    assert len(histories[0]["items"]) == 3
    refused = suite.patch(f"/contacts/{alias}", json={"name": "Eve"})
    assert refused.status_code == 409
    assert str(ada) in refused.json()["detail"]


def test_consents_show_the_last_word(suite: TestClient, views: Views) -> None:
    ada = register(suite)
    what = {"purpose": "marketing", "source": "form"}
    for channel in ("email", "sms"):
        body = {**what, "channel": channel, "wording_version": "3", "evidence": {"ip": "192.0.2.1"}}
        suite.post(f"/contacts/{ada}/consents", json=body).raise_for_status()
    suite.post(f"/contacts/{ada}/consents/withdraw", json={**what, "channel": "sms"}).raise_for_status()
    views.catch_up()
    answer = suite.get(f"/contacts/{ada}/consents").json()["items"]
    assert [(each["channel"], each["purpose"], each["granted"]) for each in answer] == [
        ("email", "marketing", True),
        ("sms", "marketing", False),
    ]


def test_c13_an_erasure_is_complete_when_keys_are_gone_and_every_service_has_answered(
    suite: TestClient, views: Views, log: EventLog, runtime: Runtime
) -> None:
    ada = register(suite)
    assert suite.get(f"/contacts/{ada}/erasure").status_code == 404
    suite.delete(f"/contacts/{ada}").raise_for_status()
    views.catch_up()
    begun = suite.get(f"/contacts/{ada}/erasure").json()
    assert (begun["keys_destroyed_at"], begun["acknowledged"], begun["complete"]) == (None, {}, False)
    assert "contacts" in begun["waiting_for"]
    erasing.answer(log.stream(ada)[-1], runtime)
    service.acknowledgements.acknowledge(log, ada)
    views.catch_up()
    report = suite.get(f"/contacts/{ada}/erasure").json()
    assert report["keys_destroyed_at"] is not None
    assert list(report["acknowledged"]) == ["contacts"]
    others = {each.split(".")[1] for each in catalogue.BY_TYPE if each.endswith(".erasure-acknowledged.v1")}
    assert set(report["waiting_for"]) == others - {"contacts"}
    assert report["complete"] is (others == {"contacts"})
    assert suite.get(f"/contacts/{ada}/history").json()["items"] != []
