"""Campaigns over HTTP: plan, start, complete, look up."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.message import message_stream
from crm.chassis.auth import LocalIssuer
from crm.chassis.http import Api, create_app
from crm.chassis.settings import Settings
from crm.events.contacts import ContactErased

Plan = Callable[..., UUID]
BODY = {"name": "Spring", "subject": "News", "text": "Dear {name}"}


def test_a_campaign_is_planned_and_read_back(client: TestClient, plan: Plan) -> None:
    audience = {"country": "DE", "consent": "marketing", "contacts": [str(UUID(int=2)), str(UUID(int=1))]}
    campaign = plan(purpose="survey", audience=audience)
    answer = client.get(f"/campaigns/{campaign}")
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"1"')
    found = answer.json()
    assert (found["name"], found["purpose"], found["status"], found["stopped"]) == (
        "Spring",
        "survey",
        "planned",
        False,
    )
    contacts = [str(UUID(int=1)), str(UUID(int=2))]
    assert found["audience"] == {"consent": "marketing", "country": "DE", "name_contains": None, "contacts": contacts}
    assert found["funnel"]["planned"] == 0


def test_a_repeated_request_plans_one_campaign(client: TestClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first, second = (client.post("/campaigns", json=BODY, headers=headers).json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"text": "Dear {nickname}"}, 409, "text"),
        ({"subject": "{0}"}, 409, "subject"),
        ({"text": "https://x.example/{name}"}, 409, "text"),
        ({"subject": "a\nb"}, 409, "subject"),
        ({"name": " "}, 422, "name"),
        ({"purpose": "Marketing!"}, 422, "purpose"),
        ({"audience": {"country": "Germany"}}, 422, "audience.country"),
        ({"audience": {"contacts": []}}, 422, "audience.contacts"),
        ({"budget": 5}, 422, "budget"),
    ],
)
def test_what_cannot_be_planned_is_refused(client: TestClient, changed: Any, status: int, field: str) -> None:
    answer = client.post("/campaigns", json=BODY | changed)
    assert (answer.status_code, answer.json()["field"]) == (status, field)


def test_it_is_started_and_completed_with_the_version_one_has_seen(client: TestClient, plan: Plan) -> None:
    campaign = plan()
    assert client.post(f"/campaigns/{campaign}/start", headers={"If-Match": '"7"'}).status_code == 412
    started = client.post(f"/campaigns/{campaign}/start", headers={"If-Match": '"1"'})
    assert (started.status_code, started.json()["version"]) == (200, 2)
    completed = client.post(f"/campaigns/{campaign}/complete")
    assert completed.json()["version"] == 3
    assert client.get(f"/campaigns/{campaign}").json()["stopped"] is True
    assert client.post(f"/campaigns/{campaign}/start").status_code == 409
    assert client.post(f"/campaigns/{uuid4()}/start").status_code == 404


def test_nothing_starts_from_which_nobody_could_unsubscribe(
    api: Api, settings: Settings, issuer: LocalIssuer, plan: Plan
) -> None:
    campaign = plan()
    hidden = replace(api, parts=(settings.model_copy(update={"public_url": ""}),))
    token = issuer.issue("kim", ["campaigns:*"])
    with TestClient(create_app(hidden), headers={"Authorization": f"Bearer {token}"}) as client:
        answer = client.post(f"/campaigns/{campaign}/start")
    assert (answer.status_code, "RAPPORT_PUBLIC_URL" in answer.json()["detail"]) == (409, True)


def test_planning_and_sending_are_permitted_apart(client: TestClient, issuer: LocalIssuer, plan: Plan) -> None:
    campaign = plan()
    planner = {"Authorization": f"Bearer {issuer.issue('lee', ['campaigns:read', 'campaigns:write'])}"}
    assert client.post("/campaigns", json=BODY, headers=planner).status_code == 201
    assert client.post(f"/campaigns/{campaign}/start", headers=planner).status_code == 403
    assert client.post(f"/campaigns/{campaign}/complete", headers=planner).status_code == 403


def test_the_list_shows_how_far_campaigns_came(client: TestClient, launch: Plan, plan: Plan, people: Any) -> None:
    people.register("Ada", "ada@x.example")
    people.register("Bob", "bob@x.example", agrees=False)
    launched, waiting, nobodys = launch(), plan(), launch(audience={"country": "FR"})
    listed = client.get("/campaigns").json()["items"]
    assert [(each["id"], each["status"]) for each in listed] == [
        (str(nobodys), "completed"),
        (str(waiting), "planned"),
        (str(launched), "completed"),
    ]
    funnel = listed[2]["funnel"]
    assert {name: funnel[name] for name in ("planned", "sent", "suppressed_by_reason")} == {
        "planned": 2,
        "sent": 1,
        "suppressed_by_reason": {"no consent": 1},
    }
    assert (listed[0]["outcome"], listed[0]["funnel"]["planned"]) == ("finished", 0)
    assert [each["id"] for each in client.get("/campaigns?status=planned").json()["items"]] == [str(waiting)]


def test_the_list_has_a_stable_cursor(client: TestClient, plan: Plan, worker: Any) -> None:
    ids = [str(plan(name=f"No. {n}")) for n in range(3)]
    worker.work()
    first = client.get("/campaigns?limit=2").json()
    second = client.get(f"/campaigns?limit=2&cursor={first['next']}").json()
    assert [each["id"] for each in (*first["items"], *second["items"])] == ids[::-1]


def test_recipients_say_why_somebody_got_a_mail_or_not(client: TestClient, launch: Plan, people: Any) -> None:
    ada = people.register("Ada", "ada@x.example")
    bob = people.register("Bob", "bob@x.example", agrees=False)
    campaign = launch()
    path = f"/campaigns/{campaign}/recipients"
    everybody = client.get(path).json()["items"]
    assert {each["contact"] for each in everybody} == {str(ada), str(bob)}
    (why,) = client.get(f"{path}?contact={bob}").json()["items"]
    assert (why["status"], why["reason"], why["address"]) == ("suppressed", "no consent", "bob@x.example")
    assert "not agreed" in why["explanation"]
    (got,) = client.get(f"{path}?status=sent").json()["items"]
    assert (got["contact"], got["message"]) == (str(ada), str(message_stream(campaign, ada)))
    assert client.get(f"{path}?contact={uuid4()}").json()["items"] == []
    assert client.get(f"/campaigns/{uuid4()}/recipients").status_code == 404


def test_a_preview_tells_who_would_get_it_and_records_nothing(
    client: TestClient, plan: Plan, people: Any, log: Any
) -> None:
    ada = people.register("Ada", "ada@x.example")
    bob = people.register("Bob", "bob@x.example", agrees=False)
    people.register("Cyd", "cyd@x.example", country="FR")
    campaign = plan(audience={"country": "GB"})
    before = len(log.read(None, 100))
    shown = client.post(f"/campaigns/{campaign}/preview?limit=1").json()
    more = client.post(f"/campaigns/{campaign}/preview?limit=1&cursor={shown['next']}").json()
    assert (shown["size"], more["next"]) == (2, None)
    found = {each["contact"]: (each["would_get_it"], each["reason"]) for each in (*shown["items"], *more["items"])}
    assert found == {str(ada): (True, None), str(bob): (False, "no consent")}
    assert len(log.read(None, 100)) == before
    assert client.post(f"/campaigns/{uuid4()}/preview").status_code == 404


def test_c13_an_erased_recipient_keeps_the_counts_and_loses_the_address(
    client: TestClient, launch: Plan, people: Any
) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = launch()
    people.tell(ada, ContactErased())
    (row,) = client.get(f"/campaigns/{campaign}/recipients").json()["items"]
    assert (row["contact"], row["address"], row["status"]) == (str(ada), None, "sent")
    assert client.get(f"/campaigns/{campaign}").json()["funnel"]["sent"] == 1
    assert "ada@x.example" not in client.post(f"/campaigns/{campaign}/preview").text


def test_what_was_written_is_shown_once_it_is_there(client: TestClient, plan: Plan, people: Any, views: Any) -> None:
    ada = people.register("Ada", "ada@x.example")
    campaign = plan()
    token = {"If-Consistent-With": f"campaigns/{campaign}:1"}
    assert client.get("/campaigns", headers=token).status_code == 503
    views.catch_up()
    assert client.get("/campaigns", headers=token).headers["Consistency-Token"] == f"campaigns/{campaign}:1"
    behind = {"If-Consistent-With": f"contacts/{ada}:9"}
    assert client.post(f"/campaigns/{campaign}/start", headers=behind).status_code == 503
