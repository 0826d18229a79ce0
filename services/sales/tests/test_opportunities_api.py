"""Opportunities over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import EventLog
from crm.chassis.testing.views import Records
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered
from crm.events.sales import OpportunityLost

Post = Callable[..., Any]
ADA = uuid4()
BIKES = {"contact": str(ADA), "title": "Twelve bikes", "amount": "12000.00", "currency": "EUR"}


def test_opening_a_deal_answers_where_it_is(client: TestClient) -> None:
    response = client.post("/opportunities", json=BIKES)
    opportunity = response.json()["id"]
    assert (response.status_code, response.headers["Location"]) == (201, f"/opportunities/{opportunity}")
    deal = client.get(f"/opportunities/{opportunity}")
    assert (deal.headers["ETag"], deal.headers["Consistency-Token"]) == ('"1"', f"sales/{opportunity}:1")
    assert deal.json() == BIKES | {
        "id": opportunity,
        "status": "open",
        "pipeline": "default",
        "pipeline_version": 0,
        "stage": "Prospecting",
        "probability": 10,
        "probability_overridden": False,
        "category": "pipeline",
        "lead": None,
        "close_on": None,
        "lost_because": None,
        "lost_to": None,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "12000,00"},
        {"amount": "-1"},
        {"amount": "1e3"},
        {"amount": 12000},
        {"amount": "1.005"},
        {"amount": "1.5", "currency": "JPY"},
        {"currency": "eur"},
        {"currency": "XYZ"},
        {"title": ""},
        {"contact": "ada"},
        {"probability": 101},
        {"pipeline": "No Such Name"},
        {"close_on": "soon"},
    ],
)
def test_values_that_make_no_sense_are_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    assert client.post("/opportunities", json=BIKES | wrong).status_code == 422


@pytest.mark.parametrize(
    ("amount", "currency", "shown"), [("1", "EUR", "1.00"), ("1.00", "JPY", "1"), ("0.125", "KWD", "0.125")]
)
def test_amounts_have_as_many_digits_as_their_currency(
    client: TestClient, post: Post, amount: str, currency: str, shown: str
) -> None:
    opportunity = post("/opportunities", **BIKES | {"amount": amount, "currency": currency})["id"]
    assert client.get(f"/opportunities/{opportunity}").json()["amount"] == shown


def test_a_stage_or_pipeline_that_is_not_there_is_refused(client: TestClient) -> None:
    no_stage = client.post("/opportunities", json=BIKES | {"stage": "Signing"})
    assert (no_stage.status_code, no_stage.json()["field"]) == (409, "stage")
    assert client.post("/opportunities", json=BIKES | {"pipeline": "partners"}).status_code == 404


def test_a_deal_from_the_first_call_to_the_end(
    client: TestClient, post: Post, types_of: Callable[[str], list[str]]
) -> None:
    deal = f"/opportunities/{post('/opportunities', **BIKES)['id']}"
    post(f"{deal}/stage", stage="Proposal")
    post(f"{deal}/probability", probability=65)
    post(f"{deal}/stage", stage="Negotiation", keep_probability=True)
    post(f"{deal}/amount", amount="15000", currency="EUR")
    now = client.get(deal).json()
    assert (now["stage"], now["probability"], now["probability_overridden"]) == ("Negotiation", 65, True)
    assert client.post(f"{deal}/win").is_success
    won = client.get(deal).json()
    assert (won["status"], won["probability"], won["category"], won["amount"]) == ("won", 100, "closed", "15000.00")
    assert client.post(f"{deal}/reopen").is_success
    post(f"{deal}/lose", reason="competitor", competitor="Initech")
    lost = client.get(deal).json()
    assert (lost["status"], lost["probability"], lost["lost_to"]) == ("lost", 0, "Initech")
    assert types_of(deal.removeprefix("/opportunities/")) == [
        "OpportunityOpened",
        "OpportunityStageChanged",
        "OpportunityProbabilityChanged",
        "OpportunityStageChanged",
        "OpportunityAmountChanged",
        "OpportunityWon",
        "OpportunityReopened",
        "OpportunityLost",
    ]


def test_s2_a_deal_that_has_ended_is_locked(client: TestClient, post: Post) -> None:
    deal = f"/opportunities/{post('/opportunities', **BIKES)['id']}"
    post(f"{deal}/win")
    refused = client.post(f"{deal}/probability", json={"probability": 40})
    assert (refused.status_code, refused.json()["detail"]) == (409, "This opportunity is won. Reopen it first.")


def test_winning_twice_wins_once(client: TestClient, post: Post, types_of: Callable[[str], list[str]]) -> None:
    opportunity = post("/opportunities", **BIKES)["id"]
    first, again = post(f"/opportunities/{opportunity}/win"), post(f"/opportunities/{opportunity}/win")
    assert first == again
    assert types_of(opportunity) == ["OpportunityOpened", "OpportunityWon"]


def test_what_is_told_of_a_loss_is_personal(post: Post, log: EventLog) -> None:
    opportunity = UUID(post("/opportunities", **BIKES)["id"])
    post(f"/opportunities/{opportunity}/lose", reason="other", note="Ada moved away.")
    fact = log.stream(opportunity)[-1].fact
    assert isinstance(fact, OpportunityLost)
    assert (fact.reason, fact.note) == ("other", "Ada moved away.")
    (sealed,) = log.store.load([opportunity])[opportunity][-1:]
    assert b"Ada" not in sealed.value


def test_a_repeated_request_is_done_once_and_a_stale_one_refused(client: TestClient, post: Post) -> None:
    opportunity = post("/opportunities", **BIKES)["id"]
    moved = {"json": {"stage": "Proposal"}, "headers": {"Idempotency-Key": "move", "If-Match": '"1"'}}
    answers = [client.post(f"/opportunities/{opportunity}/stage", **moved) for _ in range(2)]
    assert [(each.status_code, each.json()["version"]) for each in answers] == [(200, 2), (200, 2)]
    stale = client.post(f"/opportunities/{opportunity}/win", headers={"If-Match": '"1"'})
    assert stale.status_code == 412


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("stage", {"stage": "Proposal"}),
        ("probability", {"probability": 5}),
        ("amount", {"amount": "1", "currency": "EUR"}),
        ("win", {}),
        ("lose", {"reason": "price"}),
        ("reopen", {}),
    ],
)
def test_nothing_happens_to_a_deal_that_does_not_exist(client: TestClient, verb: str, body: dict[str, Any]) -> None:
    assert client.post(f"/opportunities/{uuid4()}/{verb}", json=body).status_code == 404


def test_an_erased_person_gets_no_new_deals(client: TestClient, log: EventLog) -> None:
    log.keys.destroy(ADA)
    assert client.post("/opportunities", json=BIKES).status_code == 410


def test_a_deal_is_told_as_it_was(client: TestClient, post: Post) -> None:
    deal = f"/opportunities/{post('/opportunities', **BIKES, occurred_at='2026-01-10T09:00:00Z')['id']}"
    post(f"{deal}/stage", stage="Proposal", occurred_at="2026-02-10T09:00:00Z")
    post(f"{deal}/win", occurred_at="2026-03-10T09:00:00Z")
    statuses = {}
    for day in ("2026-01-31", "2026-02-28", "2026-03-31"):
        was = client.get(deal, params={"as_of": f"{day}T00:00:00Z"}).json()
        statuses[day] = (was["stage"], was["status"], was["probability"])
    assert statuses == {
        "2026-01-31": ("Prospecting", "open", 10),
        "2026-02-28": ("Proposal", "open", 50),
        "2026-03-31": ("Proposal", "won", 100),
    }
    assert client.get(deal, params={"as_of": "2026-01-01T00:00:00Z"}).status_code == 404


def test_the_list_is_told_as_it_was(client: TestClient, post: Post, views: Any) -> None:
    first = post("/opportunities", **BIKES, occurred_at="2026-01-10T09:00:00Z")["id"]
    second = post("/opportunities", **BIKES, occurred_at="2026-02-10T09:00:00Z")["id"]
    post(f"/opportunities/{first}/win", occurred_at="2026-03-10T09:00:00Z")
    views.catch_up()

    def listed(**params: str) -> list[tuple[str, str]]:
        rows = client.get("/opportunities", params=params).json()["items"]
        return [(row["id"], row["status"]) for row in rows]

    assert listed() == [(second, "open"), (first, "won")]
    assert listed(status="won") == [(first, "won")]
    assert listed(as_of="2026-01-31T00:00:00Z") == [(first, "open")]
    assert listed(as_of="2026-02-28T00:00:00Z") == [(second, "open"), (first, "open")]
    assert listed(as_of="2026-02-28T00:00:00Z", status="won") == []


def test_c8_deals_are_found_and_named_by_every_id_of_a_person(
    client: TestClient, post: Post, views: Any, contacts: Records
) -> None:
    provisional, ada = uuid4(), uuid4()
    deal = post("/opportunities", **BIKES | {"contact": str(provisional)})["id"]
    views.catch_up()
    assert client.get("/opportunities").json()["items"][0]["contact_name"] is None
    views.hear(contacts.record(ada, ContactRegistered(name="Ada Lovelace")))
    views.hear(contacts.record(provisional, ContactIdentified(holder=ada)))
    for each in (ada, provisional):
        (row,) = client.get("/opportunities", params={"contact": str(each)}).json()["items"]
        assert (row["id"], row["contact_name"]) == (deal, "Ada Lovelace")


def test_an_erased_person_is_blank_on_the_list_of_now_and_of_then(
    client: TestClient, post: Post, views: Any, contacts: Records
) -> None:
    post("/opportunities", **BIKES, occurred_at="2026-01-10T09:00:00Z")
    views.catch_up()
    views.hear(contacts.record(ADA, ContactRegistered(name="Ada"), ContactErased()))
    for params in ({}, {"as_of": "2026-01-31T00:00:00Z"}):
        (row,) = client.get("/opportunities", params=params).json()["items"]
        assert (row["title"], row["amount"], row["contact_name"]) == ("[erased]", "12000.00", "[erased]")
