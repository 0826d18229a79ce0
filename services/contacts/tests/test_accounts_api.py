"""Accounts and affiliations over HTTP."""

from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient


class Views(Protocol):
    def catch_up(self) -> None: ...


def account(client: TestClient, name: str = "Acme", **more: Any) -> str:
    return str(client.post("/accounts", json={"name": name, **more}).raise_for_status().json()["id"])


def contact(client: TestClient, name: str = "Ada Lovelace", **more: Any) -> str:
    return str(client.post("/contacts", json={"name": name, **more}).raise_for_status().json()["id"])


def place(client: TestClient, child: str, parent: str | None, **more: Any) -> None:
    client.put(f"/accounts/{child}/parent", json={"parent": parent, **more}).raise_for_status()


def test_an_account_is_registered_and_read_back(api: TestClient) -> None:
    body = {
        "name": "Acme Ltd",
        "type": "partner",
        "domains": ["Acme.example"],
        "address": {"city": "London", "country": "GB"},
        "external_ids": [{"system": "erp", "id": "7"}],
    }
    answer = api.post("/accounts", json=body)
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/accounts/{answer.json()['id']}")
    read = api.get(answer.headers["Location"])
    assert read.headers["ETag"] == '"1"'
    assert read.json() == {
        "id": answer.json()["id"],
        "name": "Acme Ltd",
        "type": "partner",
        "status": "prospect",
        "domains": ["acme.example"],
        "address": {"street": None, "postal_code": None, "city": "London", "region": None, "country": "GB"},
        "external_ids": [{"system": "erp", "id": "7"}],
        "owner": None,
        "tags": [],
        "archived": False,
        "parent": None,
        "children": [],
        "attributes": {},
        "aliases": [],
        "merges": [],
    }


def test_what_happens_to_an_account_over_time(api: TestClient) -> None:
    acme = account(api)
    for method, path, body in (
        ("PATCH", "", {"name": "Acme Group", "type": "supplier", "domains": ["acme.example"]}),
        ("POST", "/become-customer", {}),
        ("POST", "/become-former", {"reason": "moved away"}),
        ("PUT", "/owner", {"owner": "mia"}),
        ("POST", "/tags", {"tag": "key account"}),
        ("POST", "/tags", {"tag": "old"}),
        ("POST", "/tags/remove", {"tag": "old"}),
        ("POST", "/external-ids", {"system": "erp", "id": "7"}),
        ("POST", "/archive", {"reason": "dissolved"}),
    ):
        api.request(method, f"/accounts/{acme}{path}", json=body).raise_for_status()
    read = api.get(f"/accounts/{acme}").json()
    assert (read["name"], read["status"], read["owner"], read["tags"]) == (
        "Acme Group",
        "former",
        "mia",
        ["key account"],
    )
    assert read["archived"] is True
    for path in ("/restore", "/external-ids/remove"):
        api.post(f"/accounts/{acme}{path}", json={} if path == "/restore" else {"system": "ERP", "id": "7"})
    read = api.get(f"/accounts/{acme}").json()
    assert (read["archived"], read["external_ids"]) == (False, [])


def test_c11_an_account_and_its_tree_as_of_a_past_moment(api: TestClient) -> None:
    top, acme = account(api, "Holding"), account(api)
    place(api, acme, top)
    before = datetime.now(UTC).isoformat()
    api.patch(f"/accounts/{acme}", json={"name": "Acme 2"}).raise_for_status()
    place(api, acme, None)
    for query in ({"as_of": before}, {"as_known_at": before}):
        assert api.get(f"/accounts/{acme}", params=query).json()["name"] == "Acme"
        tree = api.get(f"/accounts/{top}/tree", params=query).json()
        assert [(each["name"], each["level"]) for each in tree["accounts"]] == [("Holding", 0), ("Acme", 1)]
    assert [each["name"] for each in api.get(f"/accounts/{top}/tree").json()["accounts"]] == ["Holding"]
    assert api.get(f"/accounts/{top}/tree", params={"as_of": "2020-01-01T00:00:00Z"}).status_code == 404


def test_c11_a_change_of_place_may_be_told_late(api: TestClient) -> None:
    top, acme = account(api, "Holding"), account(api)
    moment = datetime.now(UTC).isoformat()
    later = datetime.now(UTC).isoformat()
    place(api, acme, top, occurred_at=moment)
    assert len(api.get(f"/accounts/{top}/tree", params={"as_of": later}).json()["accounts"]) == 2
    assert len(api.get(f"/accounts/{top}/tree", params={"as_known_at": later}).json()["accounts"]) == 1


def test_rings_and_strangers_are_refused_in_words(api: TestClient) -> None:
    top, acme = account(api, "Holding"), account(api)
    place(api, acme, top)
    for child, parent, status, words in (
        (top, acme, 409, "belongs to this one already"),
        (acme, acme, 409, "to itself"),
        (acme, str(uuid4()), 409, "no such account"),
        (str(uuid4()), acme, 404, "no such account"),
    ):
        answer = api.put(f"/accounts/{child}/parent", json={"parent": parent})
        assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text


def test_a_stale_version_is_refused(api: TestClient) -> None:
    top, acme = account(api, "Holding"), account(api)
    stale = {"If-Match": '"7"'}
    assert api.put(f"/accounts/{acme}/parent", json={"parent": top}, headers=stale).status_code == 412
    assert api.patch(f"/accounts/{acme}", json={"name": "X"}, headers=stale).status_code == 412


def test_c4_an_id_of_another_system_names_one_account_and_is_not_one_of_a_contact(api: TestClient) -> None:
    ids = [{"system": "erp", "id": "7"}]
    acme = account(api, external_ids=ids)
    refused = api.post("/accounts", json={"name": "Other", "external_ids": ids})
    assert (refused.status_code, refused.json()["holder"]) == (409, acme)
    contact(api, external_ids=ids)


def test_an_upsert_registers_revises_and_may_be_repeated(api: TestClient) -> None:
    body = {"external_id": {"system": "erp", "id": "7"}, "name": "Acme", "domains": ["acme.example"]}
    first = api.put("/accounts/by-external-id", json=body).raise_for_status().json()
    again = api.put("/accounts/by-external-id", json=body).raise_for_status().json()
    assert (again["id"], again["version"]) == (first["id"], 1)
    body |= {"name": "Acme Group", "external_id": {"system": "ERP", "id": "7"}}
    revised = api.put("/accounts/by-external-id", json=body).raise_for_status().json()
    assert (revised["id"], revised["version"]) == (first["id"], 2)
    nameless = api.put("/accounts/by-external-id", json={"external_id": {"system": "erp", "id": "8"}})
    assert (nameless.status_code, nameless.json()["field"]) == (409, "name")
    nothing = api.put("/accounts/by-external-id", json={**body, "external_id": {"system": "erp", "id": "null"}})
    assert (nothing.status_code, nothing.json()["field"]) == (409, "external_id")


def test_a_repeated_move_is_answered_as_the_first(api: TestClient) -> None:
    top, acme = account(api, "Holding"), account(api)
    key = {"Idempotency-Key": "one"}
    answers = [api.put(f"/accounts/{acme}/parent", json={"parent": top}, headers=key) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "A", "type": "friend"}, {"name": "A", "domains": "a.example"}, {"name": "A", "x": 1}],
)
def test_a_bad_body_is_422(api: TestClient, body: dict[str, Any]) -> None:
    assert api.post("/accounts", json=body).status_code == 422


def test_the_id_of_something_else_is_no_account(api: TestClient) -> None:
    ada = contact(api)
    assert api.get(f"/accounts/{ada}").status_code == 404
    assert api.patch(f"/accounts/{ada}", json={"name": "Eve"}).status_code == 404


def names(answer: Any) -> list[str]:
    return [each["name"] for each in answer.raise_for_status().json()["items"]]


def test_accounts_are_listed_searched_and_filtered(suite: TestClient, views: Views) -> None:
    acme = account(suite, "Acme", domains=["acme.example"], address={"city": "Zürich"})
    bolt, old = account(suite, "Bolt AG", type="supplier", customer=True), account(suite, "Old")
    suite.put(f"/accounts/{acme}/owner", json={"owner": "mia"}).raise_for_status()
    suite.post(f"/accounts/{acme}/tags", json={"tag": "key"}).raise_for_status()
    suite.post(f"/accounts/{old}/archive", json={}).raise_for_status()
    place(suite, acme, bolt)
    views.catch_up()
    for query, expected in (
        ({}, ["Acme", "Bolt AG"]),
        ({"search": "zurich"}, ["Acme"]),
        ({"search": "acme.ex"}, ["Acme"]),
        ({"type": "supplier"}, ["Bolt AG"]),
        ({"status": "customer"}, ["Bolt AG"]),
        ({"owner": "mia"}, ["Acme"]),
        ({"tag": "key"}, ["Acme"]),
        ({"archived": "true"}, ["Old"]),
    ):
        assert names(suite.get("/accounts", params=query)) == expected, query
    first = suite.get("/accounts", params={"limit": 1}).json()
    assert first["items"][0]["parent"] == bolt
    assert names(suite.get("/accounts", params={"limit": 1, "cursor": first["next"]})) == ["Bolt AG"]


def affiliate(client: TestClient, who: str, where: str, **more: Any) -> Any:
    return client.put(f"/contacts/{who}/accounts/{where}", json=more)


def test_people_of_an_account_and_of_what_belongs_to_it(suite: TestClient, views: Views) -> None:
    top, acme = account(suite, "Holding"), account(suite)
    place(suite, acme, top)
    ada, bob = contact(suite), contact(suite, "Bob")
    affiliate(suite, ada, top, role="Director", valid_from="2020-01-01", valid_to="2022-12-31").raise_for_status()
    affiliate(suite, bob, acme, role="Buyer", valid_from="2021-01-01").raise_for_status()
    views.catch_up()
    url = f"/accounts/{top}/people"
    assert names(suite.get(url)) == []
    assert names(suite.get(url, params={"below": "true"})) == ["Bob"]
    for below in ("true", "false"):
        then = suite.get(url, params={"as_of": "2022-06-01T00:00:00Z", "below": below})
        assert names(then) == ["Ada Lovelace"], "the day of an affiliation, not the day it was told"
    assert names(suite.get(f"/accounts/{acme}/people")) == ["Bob"]
    everywhere = suite.get(f"/contacts/{ada}/accounts").json()["items"]
    assert [(each["account"], each["role"], each["valid_to"]) for each in everywhere] == [
        ("Holding", "Director", "2022-12-31")
    ]
    assert suite.get(f"/contacts/{ada}/accounts", params={"as_of": "2023-06-01T00:00:00Z"}).json()["items"] == []


def test_people_are_found_by_their_account(suite: TestClient, views: Views) -> None:
    acme, other = account(suite, "Wolkenkuckuck GmbH"), account(suite, "Other")
    ada, bob = contact(suite), contact(suite, "Bob")
    affiliate(suite, ada, acme).raise_for_status()
    affiliate(suite, bob, acme, valid_to="2020-01-01").raise_for_status()
    affiliate(suite, bob, other).raise_for_status()
    views.catch_up()
    assert names(suite.get("/contacts", params={"account": acme})) == ["Ada Lovelace"]
    assert names(suite.get("/contacts", params={"search": "wolkenkuckuck"})) == ["Ada Lovelace", "Bob"]
    assert names(suite.get("/contacts", params={"search": "bob wolkenkuckuck"})) == ["Bob"]
    assert names(suite.get("/contacts", params={"search": "bob", "account": acme})) == []


def test_lists_are_filtered_by_searchable_attributes(suite: TestClient, views: Views) -> None:
    size = {"name": "shoe_size", "label": "Shoe size", "type": "number", "searchable": True}
    hat = {"name": "hat", "label": "Hat", "type": "text"}
    sector = {"name": "sector", "label": "Sector", "type": "text", "searchable": True, "personal": False}
    for target, attribute in (("contact", size), ("contact", hat), ("account", sector)):
        suite.post(f"/attributes/{target}", json=attribute).raise_for_status()
    contact(suite, attributes={"shoe_size": 43})
    contact(suite, "Bob", attributes={"shoe_size": 42.5})
    account(suite, attributes={"sector": "Tools"})
    account(suite, "Bolt", attributes={"sector": "Bikes"})
    views.catch_up()
    assert names(suite.get("/contacts", params={"attribute": "shoe_size:42.50"})) == ["Bob"]
    assert names(suite.get("/contacts", params={"attribute": "shoe_size:43", "search": "ada"})) == ["Ada Lovelace"]
    assert names(suite.get("/accounts", params={"attribute": "sector:Tools"})) == ["Acme"]
    for asked in ("hat:straw", "nothing:1", "shoe_size:large", "shoe_size", "Shoe:1"):
        refused = suite.get("/contacts", params={"attribute": asked})
        assert (refused.status_code, "attribute" in refused.json()["field"]) == (422, True), asked


def test_one_account_is_the_primary_one(suite: TestClient, views: Views) -> None:
    ada, one, other = contact(suite), account(suite, "One"), account(suite, "Other")
    affiliate(suite, ada, one, primary=True).raise_for_status()
    affiliate(suite, ada, other, role="Advisor", primary=True).raise_for_status()
    views.catch_up()
    shown = suite.get(f"/contacts/{ada}/accounts").json()["items"]
    assert {each["account"]: each["primary"] for each in shown} == {"One": False, "Other": True}
    suite.post(f"/contacts/{ada}/accounts/{other}/end", json={}).raise_for_status()
    views.catch_up()
    assert not any(each["primary"] for each in suite.get(f"/contacts/{ada}/accounts").json()["items"])


def test_an_affiliation_is_part_of_the_contacts_history(suite: TestClient, views: Views) -> None:
    ada, acme = contact(suite), account(suite)
    affiliate(suite, ada, acme, role="Buyer").raise_for_status()
    views.catch_up()
    lines = [each["summary"] for each in suite.get(f"/contacts/{ada}/history").json()["items"]]
    assert lines[0] == f"Belongs to account {acme} as Buyer"


def test_c13_who_was_erased_is_not_among_the_people(suite: TestClient, views: Views) -> None:
    ada, acme = contact(suite), account(suite)
    affiliate(suite, ada, acme, role="Buyer").raise_for_status()
    suite.delete(f"/contacts/{ada}").raise_for_status()
    views.catch_up()
    assert names(suite.get(f"/accounts/{acme}/people")) == []
    assert affiliate(suite, ada, acme, role="Buyer").status_code == 410


def test_both_must_be_there_to_belong(api: TestClient) -> None:
    ada, acme = contact(api), account(api)
    assert affiliate(api, str(uuid4()), acme).status_code == 404
    assert affiliate(api, ada, str(uuid4())).status_code == 404
    assert api.post(f"/contacts/{ada}/accounts/{acme}/end", json={}).status_code == 404
    assert UUID(affiliate(api, ada, acme).json()["id"])
