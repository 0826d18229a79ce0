"""Pipelines and the board over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer

Post = Callable[..., Any]
STAGES = [{"name": "Talk", "probability": 20}, {"name": "Offer", "probability": 60, "category": "best case"}]


def deal(post: Post, amount: str, currency: str = "EUR", **more: Any) -> str:
    body = {"contact": str(uuid4()), "title": "Bikes", "amount": amount, "currency": currency}
    return str(post("/opportunities", **body | more)["id"])


def by_stage(board: Any) -> dict[str, list[tuple[str, int, str, str]]]:
    def short(weights: Any) -> list[tuple[str, int, str, str]]:
        return [(each["currency"], each["deals"], each["amount"], each["weighted"]) for each in weights]

    columns = {each["stage"]: short(each["weights"]) for each in board["stages"]}
    return columns | {name: short(board[name]) for name in ("open", "won", "lost")}


def test_the_default_pipeline_is_there_from_the_beginning(client: TestClient) -> None:
    response = client.get("/pipelines/default")
    assert (response.status_code, response.headers["ETag"], response.json()["version"]) == (200, '"0"', 0)
    assert [(each["name"], each["probability"]) for each in response.json()["stages"]] == [
        ("Prospecting", 10),
        ("Qualification", 20),
        ("Proposal", 50),
        ("Negotiation", 80),
    ]
    assert client.get("/pipelines/partners").status_code == 404


def test_s3_a_pipeline_is_defined_in_versions(client: TestClient) -> None:
    first = client.put("/pipelines/partners", json={"stages": STAGES})
    assert (first.status_code, first.headers["ETag"]) == (200, '"1"')
    renamed = [STAGES[0] | {"name": "Chat"}, STAGES[1]]
    refused = client.put("/pipelines/partners", json={"stages": renamed})
    assert (refused.status_code, refused.json()["field"]) == (409, "replaced")
    body = {"stages": renamed, "replaced": {"Talk": "Chat"}}
    assert client.put("/pipelines/partners", json=body, headers={"If-Match": '"0"'}).status_code == 412
    second = client.put("/pipelines/partners", json=body, headers={"If-Match": '"1"'})
    assert (second.status_code, second.headers["ETag"]) == (200, '"2"')
    assert [each["name"] for each in client.get("/pipelines/partners").json()["stages"]] == ["Chat", "Offer"]


def test_configuring_needs_its_own_permission(client: TestClient, issuer: LocalIssuer) -> None:
    seller = {"Authorization": f"Bearer {issuer.issue('lee', ['sales:read', 'sales:write'])}"}
    assert client.put("/pipelines/partners", json={"stages": STAGES}, headers=seller).status_code == 403


def test_s4_the_board_weighs_every_stage_by_currency(client: TestClient, post: Post, views: Any) -> None:
    deal(post, "1000.00")
    deal(post, "500.00", stage="Prospecting", probability=30)
    deal(post, "2000", "USD")
    deal(post, "10000.00", stage="Negotiation")
    post(f"/opportunities/{deal(post, '700')}/win")
    post(f"/opportunities/{deal(post, '300')}/lose", reason="price")
    views.catch_up()
    assert by_stage(client.get("/pipeline").json()) == {
        "Prospecting": [("EUR", 2, "1500.00", "250.00"), ("USD", 1, "2000.00", "200.00")],
        "Qualification": [],
        "Proposal": [],
        "Negotiation": [("EUR", 1, "10000.00", "8000.00")],
        "open": [("EUR", 3, "11500.00", "8250.00"), ("USD", 1, "2000.00", "200.00")],
        "won": [("EUR", 1, "700.00", "700.00")],
        "lost": [("EUR", 1, "300.00", "0.00")],
    }


def test_s4_the_board_of_a_past_day_is_what_stood_there_then(client: TestClient, post: Post, views: Any) -> None:
    bikes = deal(post, "1000.00", occurred_at="2026-01-10T00:00:00Z")
    post(f"/opportunities/{bikes}/stage", stage="Proposal", occurred_at="2026-02-10T00:00:00Z")
    post(f"/opportunities/{bikes}/amount", amount="3000", currency="EUR", occurred_at="2026-02-20T00:00:00Z")
    post(f"/opportunities/{bikes}/win", occurred_at="2026-03-10T00:00:00Z")
    views.catch_up()

    def standing(day: str) -> dict[str, Any]:
        board = by_stage(client.get("/pipeline", params={"as_of": f"{day}T12:00:00Z"}).json())
        return {column: weights[0] for column, weights in board.items() if weights}

    january, february, march = ("EUR", 1, "1000.00", "100.00"), ("EUR", 1, "1000.00", "500.00"), "3000.00"
    assert standing("2026-01-01") == {}
    assert standing("2026-01-31") == {"Prospecting": january, "open": january}
    assert standing("2026-02-15") == {"Proposal": february, "open": february}
    assert standing("2026-02-28") == {"Proposal": ("EUR", 1, march, "1500.00"), "open": ("EUR", 1, march, "1500.00")}
    assert standing("2026-03-31") == {"won": ("EUR", 1, march, march)}


def test_a_late_fact_corrects_the_past(client: TestClient, post: Post, views: Any) -> None:
    bikes = deal(post, "1000.00", occurred_at="2026-01-10T00:00:00Z")
    post(f"/opportunities/{bikes}/stage", stage="Proposal", occurred_at="2026-03-10T00:00:00Z")
    views.catch_up()
    post(f"/opportunities/{bikes}/amount", amount="4000", currency="EUR", occurred_at="2026-02-10T00:00:00Z")
    views.catch_up()
    february = by_stage(client.get("/pipeline", params={"as_of": "2026-02-15T00:00:00Z"}).json())
    april = by_stage(client.get("/pipeline", params={"as_of": "2026-04-15T00:00:00Z"}).json())
    assert february["Prospecting"] == [("EUR", 1, "4000.00", "400.00")]
    assert april["Proposal"] == [("EUR", 1, "4000.00", "2000.00")]


def test_s3_deals_of_a_renamed_stage_are_in_the_new_one_and_were_in_the_old_one(
    client: TestClient, post: Post, views: Any
) -> None:
    client.put("/pipelines/partners", json={"stages": STAGES})
    bikes = deal(post, "1000", pipeline="partners")
    renamed = [STAGES[0] | {"name": "Chat"}, STAGES[1]]
    client.put("/pipelines/partners", json={"stages": renamed, "replaced": {"Talk": "Chat"}})
    views.catch_up()
    now = by_stage(client.get("/pipeline", params={"pipeline": "partners"}).json())
    assert now["Chat"] == [("EUR", 1, "1000.00", "200.00")]
    assert client.get(f"/opportunities/{bikes}").json()["stage"] == "Talk"
    post(f"/opportunities/{bikes}/stage", stage="Offer")
    moved = client.get(f"/opportunities/{bikes}").json()
    assert (moved["stage"], moved["pipeline_version"], moved["probability"]) == ("Offer", 2, 60)


def test_the_board_needs_a_pipeline_that_exists(client: TestClient) -> None:
    assert client.get("/pipeline", params={"pipeline": "partners"}).status_code == 404
    assert client.get("/pipeline", params={"as_of": "yesterday"}).status_code == 422
