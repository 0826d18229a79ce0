"""The history of an account: of all its people and of those of its children, under all their ids (C8, C10)."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from crm.chassis.log import Commands, Step
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.contacts.interaction import interactions, log_interaction


def create(suite: TestClient, path: str, **body: Any) -> str:
    return str(suite.post(path, json=body).raise_for_status().json()["id"])


def noted(suite: TestClient, contact: str, subject: str) -> None:
    body = {"kind": "note", "direction": "internal", "subject": subject}
    suite.post(f"/contacts/{contact}/interactions", json=body).raise_for_status()


def belongs(suite: TestClient, contact: str, account: str, **more: Any) -> None:
    suite.put(f"/contacts/{contact}/accounts/{account}", json=more).raise_for_status()


def test_c10_all_people_of_an_organisation_and_of_its_children(suite: TestClient, views: Any, do: Commands) -> None:
    firm, branch, other = (create(suite, "/accounts", name=each) for each in ("Firm", "Branch", "Other"))
    suite.put(f"/accounts/{branch}/parent", json={"parent": firm}).raise_for_status()
    ada, bob, eve, left = (create(suite, "/contacts", name=each) for each in ("Ada", "Bob", "Eve", "Leo"))
    for person, account in ((ada, firm), (bob, branch), (eve, other)):
        belongs(suite, person, account)
    belongs(suite, left, firm, valid_from="2020-01-01", valid_to="2021-01-01")
    alias = uuid4()
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=UUID(ada))),
        Step(contacts, UUID(ada), partial(recognise, alias=alias)),
    )
    known_as = f"with {alias}"
    heard = partial(log_interaction, contact=alias, kind="note", direction="internal", subject=known_as)
    do(interactions, uuid4(), heard)
    for each in (ada, bob, eve, left):
        noted(suite, each, f"with {each}")
    views.catch_up()

    def noted_with(account: str, **params: Any) -> set[str]:
        found = suite.get(f"/accounts/{account}/history", params={"limit": 3, "order": "oldest", **params}).json()
        items = found["items"]
        while found["next"]:
            more = {"limit": 3, "order": "oldest", **params, "cursor": found["next"]}
            found = suite.get(f"/accounts/{account}/history", params=more).json()
            items += found["items"]
        assert [each["occurred_at"] for each in items] == sorted(each["occurred_at"] for each in items)
        return {each["data"]["subject"].removeprefix("with ") for each in items if "subject" in each["data"]}

    assert noted_with(firm) == {ada, str(alias), bob}
    assert noted_with(firm, below=False) == {ada, str(alias)}
    assert noted_with(branch) == {bob}
    assert noted_with(firm, former=True) == {ada, str(alias), bob, left}
    assert noted_with(firm, text=bob) == {bob}
    assert suite.get(f"/accounts/{uuid4()}/history").status_code == 404


def test_an_account_nobody_belongs_to_has_an_empty_history(suite: TestClient, views: Any) -> None:
    firm = create(suite, "/accounts", name="Firm")
    views.catch_up()
    assert suite.get(f"/accounts/{firm}/history").json() == {"items": [], "next": None, "previous": None}
