"""C9: what came in without an identifier while two contacts were merged is for a person to decide."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.testing.scenarios import scenarios
from crm.contacts.reassignment import reassign, reassignments
from crm.events.merging import ItemReassigned


class Desk:
    """People over HTTP, with views that are up to date."""

    def __init__(self, client: TestClient, views: Any) -> None:
        self.client, self._views = client, views

    def post(self, path: str, **body: Any) -> Any:
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        self._views.catch_up()
        return answer.json()

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()

    def register(self, name: str) -> str:
        return str(self.post("/contacts", name=name)["id"])

    def note(self, contact: str, subject: str) -> str:
        return str(self.post(f"/contacts/{contact}/interactions", kind="note", subject=subject)["id"])

    def merge(self, survivor: str, absorbed: str) -> str:
        self.post(f"/contacts/{survivor}/merge", absorb=[absorbed], survivor=survivor)
        return str(self.get(f"/contacts/{survivor}/merges")["items"][0]["merge_id"])

    def undo(self, contact: str, merge_id: str) -> None:
        self.post(f"/contacts/{contact}/unmerge", merge_id=merge_id, reason="Two people")

    def subjects(self, contact: str) -> list[str]:
        items = self.get(f"/contacts/{contact}/history?order=oldest")["items"]
        return [each["data"]["subject"] for each in items if "subject" in each["data"]]


@pytest.fixture
def desk(suite: TestClient, views: Any) -> Desk:
    return Desk(suite, views)


def test_c9_items_without_identifier_are_listed_and_handed_over(desk: Desk) -> None:
    ada, bob = desk.register("Ada"), desk.register("Bob")
    desk.note(ada, "before")
    merge_id = desk.merge(ada, bob)
    between = desk.note(ada, "between")
    assert desk.subjects(bob) == ["before", "between"]
    desk.undo(ada, merge_id)
    desk.note(ada, "after")
    for party in (ada, bob):
        items = desk.get(f"/contacts/{party}/unmerges/{merge_id}/items")["items"]
        assert [(each["item"], each["owner"]) for each in items] == [(between, ada)]
    assert (desk.subjects(ada), desk.subjects(bob)) == (["before", "between", "after"], [])
    desk.post(f"/contacts/{ada}/unmerges/{merge_id}/reassign", item=between, to=bob)
    assert (desk.subjects(ada), desk.subjects(bob)) == (["before", "after"], ["between"])
    moved = [each for each in desk.get(f"/contacts/{bob}/history")["items"] if each["data"].get("subject")]
    assert moved[0]["contact_id"] == bob
    assert desk.get(f"/contacts/{bob}/unmerges/{merge_id}/items")["items"][0]["owner"] == bob
    desk.post(f"/contacts/{bob}/unmerges/{merge_id}/reassign", item=between, to=ada)
    assert (desk.subjects(ada), desk.subjects(bob)) == (["before", "between", "after"], [])


def test_c9_what_is_not_in_doubt_is_not_handed_over(desk: Desk) -> None:
    ada, bob = desk.register("Ada"), desk.register("Bob")
    before = desk.note(ada, "before")
    merge_id = desk.merge(ada, bob)
    desk.undo(bob, merge_id)
    path = f"/contacts/{ada}/unmerges/{merge_id}/reassign"
    assert desk.client.post(path, json={"item": before, "to": bob}).status_code == 409
    assert desk.client.post(path, json={"item": before, "to": str(uuid4())}).status_code == 404
    assert desk.client.get(f"/contacts/{ada}/unmerges/{uuid4()}/items").status_code == 404


def test_c9_items_of_a_survivor_that_was_absorbed_meanwhile_are_found_where_they_stand(desk: Desk) -> None:
    ada, bob, cyd = desk.register("Ada"), desk.register("Bob"), desk.register("Cyd")
    inner = desk.merge(ada, bob)
    desk.note(cyd, "of Cyd")
    desk.merge(cyd, ada)
    item = desk.note(cyd, "of whom?")
    desk.undo(cyd, inner)
    items = desk.get(f"/contacts/{bob}/unmerges/{inner}/items")["items"]
    assert [(each["item"], each["owner"]) for each in items] == [(item, cyd)]


@pytest.fixture
def given() -> Callable[..., Any]:
    return scenarios(reassignments)


def test_c9_an_item_goes_to_one_of_those_who_were_merged(given: Callable[..., Any]) -> None:
    item, ada, bob, merge_id = uuid4(), uuid4(), uuid4(), uuid4()
    arguments: dict[str, Any] = {"item": item, "of": ada, "merge_id": merge_id, "among": (ada, bob)}
    handed = ItemReassigned(item=item, of=ada, to=bob, merge_id=merge_id)
    given().when(reassign, to=bob, **arguments).then(handed)
    given().when(reassign, to=ada, **arguments).then_nothing()
    given(handed).when(reassign, to=bob, **arguments).then_nothing()
    given(handed).when(reassign, to=ada, **arguments).then(ItemReassigned(item=item, of=ada, to=ada, merge_id=merge_id))
    given().when(reassign, to=UUID(int=1), **arguments).then_rejected("one of the contacts")
