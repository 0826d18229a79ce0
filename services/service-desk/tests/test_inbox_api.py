"""The inbox over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.testing.views import Records
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered

Post = Callable[..., Any]
QUESTION = {"subject": "Bell", "body": "The bell does not ring."}


@pytest.fixture
def listed(client: TestClient, views: Any) -> Callable[..., list[str]]:
    """The ids in the inbox, once everything is shown."""

    def listed(**params: Any) -> list[str]:
        views.catch_up()
        response = client.get("/tickets", params=params)
        assert response.is_success, response.text
        return [each["id"] for each in response.json()["items"]]

    return listed


def test_the_inbox_shows_tickets_by_queue_state_and_agent(post: Post, listed: Callable[..., list[str]]) -> None:
    bell, bill, brake = (
        post("/tickets", **QUESTION, queue=queue, occurred_at=f"2026-03-0{day}T08:00:00Z")["id"]
        for day, queue in ((1, "repairs"), (2, "billing"), (3, "repairs"))
    )
    post(f"/tickets/{bell}/assign", assignee="kim")
    post(f"/tickets/{bill}/solve")
    assert listed() == [brake, bill, bell]
    assert listed(order="oldest") == [bell, bill, brake]
    assert listed(queue="repairs") == [brake, bell]
    assert listed(queue="repairs", state="new") == [brake]
    assert listed(state="solved") == [bill]
    assert listed(assignee="kim") == [bell]
    assert listed(unassigned=True, order="oldest") == [bill, brake]
    assert listed(assignee="lee") == []


def test_a_ticket_is_found_by_its_number(client: TestClient, post: Post, listed: Callable[..., list[str]]) -> None:
    tickets = [post("/tickets", **QUESTION)["id"] for _ in range(2)]
    number = client.get(f"/tickets/{tickets[0]}").json()["number"]
    assert listed(number=number) == [tickets[0]]


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_the_inbox_is_paged_without_gaps_while_tickets_come(
    client: TestClient, post: Post, views: Any, order: str
) -> None:
    tickets = [post("/tickets", **QUESTION)["id"] for _ in range(5)]
    views.catch_up()
    seen: list[str] = []
    cursor: str | None = None
    while not seen or cursor:
        params = {"limit": 2, "order": order} | ({"cursor": cursor} if cursor else {})
        page = client.get("/tickets", params=params).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next"]
        if len(seen) == 2:  # one comes in at the end that was read already, or at the far one
            tickets.append(post("/tickets", **QUESTION)["id"])
            views.catch_up()
    assert seen == (tickets if order == "oldest" else tickets[4::-1])


def test_a_cursor_of_the_other_order_is_refused(client: TestClient, post: Post, views: Any) -> None:
    for _ in range(2):
        post("/tickets", **QUESTION)
    views.catch_up()
    cursor = client.get("/tickets", params={"limit": 1}).json()["next"]
    assert client.get("/tickets", params={"cursor": cursor, "order": "oldest"}).status_code == 422


def test_the_inbox_shows_what_was_written_or_says_not_yet(client: TestClient, post: Post, views: Any) -> None:
    token = {"If-Consistent-With": post("/tickets", **QUESTION)["token"]}
    not_yet = client.get("/tickets", headers=token)
    assert (not_yet.status_code, "Retry-After" in not_yet.headers) == (503, True)
    views.catch_up()
    shown = client.get("/tickets", headers=token)
    assert (shown.status_code, len(shown.json()["items"])) == (200, 1)
    assert shown.headers["Consistency-Token"] == token["If-Consistent-With"]


def test_c8_tickets_are_found_and_named_by_every_id_of_a_person(
    client: TestClient, post: Post, views: Any, contacts: Records
) -> None:
    provisional, ada = uuid4(), uuid4()
    ticket = post("/tickets", **QUESTION, contact=str(provisional))["id"]
    post("/tickets", **QUESTION, contact=str(uuid4()))
    views.catch_up()
    assert client.get("/tickets").json()["items"][0]["contact_name"] is None
    views.hear(contacts.record(ada, ContactRegistered(name="Ada Lovelace")))
    views.hear(contacts.record(provisional, ContactIdentified(holder=ada)))
    for each in (ada, provisional):
        (row,) = client.get("/tickets", params={"contact": str(each)}).json()["items"]
        assert (row["id"], row["contact_name"]) == (ticket, "Ada Lovelace")


def test_an_erased_person_is_blank_in_the_inbox(client: TestClient, post: Post, views: Any, contacts: Records) -> None:
    ada = uuid4()
    post("/tickets", **QUESTION, contact=str(ada), name="Ada", email="ada@company.example", queue="repairs")
    views.catch_up()
    views.hear(contacts.record(ada, ContactRegistered(name="Ada"), ContactErased()))
    (row,) = client.get("/tickets").json()["items"]
    assert (row["subject"], row["name"], row["email"], row["contact_name"]) == ("[erased]", None, None, "[erased]")
    assert (row["queue"], row["state"]) == ("repairs", "new")
