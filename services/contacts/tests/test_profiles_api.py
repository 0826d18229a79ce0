"""Profiles, custom attributes and upserts over HTTP."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.settings import Settings
from crm.chassis.testing.services import api_of, client_of
from crm.contacts.service import service
from crm.events.attributes import PersonalAttributeSet

Register = Callable[..., UUID]
SIZE = {"name": "shoe_size", "label": "Shoe size", "type": "number", "searchable": True}
TIER = {
    "name": "tier",
    "label": "Tier",
    "type": "choice",
    "choices": ["Gold", "Silver"],
    "required": True,
    "personal": False,
}


def define(client: TestClient, target: str = "contact", **attribute: Any) -> None:
    client.post(f"/attributes/{target}", json=attribute).raise_for_status()


def test_what_happens_to_a_profile_over_time(api: TestClient, registered: Register) -> None:
    ada = registered(external_ids=[{"system": "shop", "id": "1"}])
    details = {"owner": "mia", "birthday": "1985-12-10", "language": "en-GB", "time_zone": "Europe/London"}
    for method, path, body in (
        ("PATCH", "profile", details),
        ("POST", "tags", {"tag": "vip"}),
        ("POST", "tags", {"tag": "old"}),
        ("POST", "tags/remove", {"tag": "old"}),
        ("PUT", "addresses", {"label": "work", "address": {"city": "Oslo"}}),
        ("PUT", "addresses", {"label": "home", "address": {"city": "Rome"}}),
        ("POST", "addresses/remove", {"label": "home"}),
        ("POST", "handles", {"network": "mastodon", "handle": "@ada@maths.example"}),
        ("POST", "external-ids/remove", {"system": "SHOP", "id": "1"}),
        ("POST", "archive", {"reason": "moved"}),
        ("POST", "confirm", None),
    ):
        api.request(method, f"/contacts/{ada}/{path}", json=body).raise_for_status()
    read = api.get(f"/contacts/{ada}").json()
    assert {each: read[each] for each in details} == details
    assert (read["tags"], read["archived"], read["external_ids"]) == (["vip"], True, [])
    assert [(each["label"], each["address"]["city"]) for each in read["further_addresses"]] == [("work", "Oslo")]
    assert read["handles"] == [{"network": "mastodon", "handle": "@ada@maths.example"}]
    api.post(f"/contacts/{ada}/restore").raise_for_status()
    api.patch(f"/contacts/{ada}/profile", json={"owner": None}).raise_for_status()
    read = api.get(f"/contacts/{ada}").json()
    assert (read["archived"], read["owner"], read["language"]) == (False, None, "en-GB")


def test_c11_a_profile_as_of_a_past_moment(api: TestClient, registered: Register) -> None:
    ada = registered()
    api.post(f"/contacts/{ada}/tags", json={"tag": "vip"}).raise_for_status()
    between = datetime.now(UTC).isoformat()
    api.post(f"/contacts/{ada}/tags/remove", json={"tag": "vip"}).raise_for_status()
    for query in ("as_of", "as_known_at"):
        assert api.get(f"/contacts/{ada}", params={query: between}).json()["tags"] == ["vip"]


def test_c4_a_handle_has_one_holder(api: TestClient, registered: Register) -> None:
    ada, bob = registered(), registered("Bob")
    api.post(f"/contacts/{ada}/handles", json={"network": "x", "handle": "Ada"}).raise_for_status()
    refused = api.post(f"/contacts/{bob}/handles", json={"network": "x", "handle": "@ada"})
    assert (refused.status_code, refused.json()["holder"]) == (409, str(ada))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "profile", {"birthday": "2999-01-01"}),
        ("PATCH", "profile", {"time_zone": "Europe/Atlantis"}),
        ("PATCH", "profile", {"language": "english please"}),
        ("POST", "tags", {"tag": "a,b"}),
        ("POST", "tags", {"tag": " "}),
        ("PUT", "addresses", {"label": "Work!", "address": {}}),
        ("POST", "handles", {"network": "x", "handle": " "}),
        ("PATCH", "attributes", {"shoe_size": 43}),
    ],
)
def test_a_bad_body_is_422(api: TestClient, registered: Register, method: str, path: str, body: Any) -> None:
    assert api.request(method, f"/contacts/{registered()}/{path}", json=body).status_code == 422


def test_attributes_are_defined_changed_and_retired(api: TestClient) -> None:
    define(api, **SIZE)
    define(api, **TIER)
    before = datetime.now(UTC).isoformat()
    changed = api.patch("/attributes/contact/tier", json={"label": "Level"}, headers={"If-Match": '"2"'})
    assert changed.headers["ETag"] == '"3"'
    assert api.patch("/attributes/contact/tier", json={"label": "X"}, headers={"If-Match": '"2"'}).status_code == 412
    api.post("/attributes/contact/shoe_size/retire", json={"reason": "unused"}).raise_for_status()
    shown = api.get("/attributes/contact").json()["attributes"]
    assert [(each["name"], each["label"], each["retired"]) for each in shown] == [
        ("shoe_size", "Shoe size", True),
        ("tier", "Level", False),
    ]
    for query in ({"as_of": before}, {"as_known_at": before}):
        then = api.get("/attributes/contact", params=query).json()["attributes"]
        assert [(each["label"], each["retired"]) for each in then] == [("Shoe size", False), ("Tier", False)]
    api.post("/attributes/contact/shoe_size/reinstate").raise_for_status()
    assert api.get("/attributes/account").json() == {"attributes": []}
    assert api.patch("/attributes/contact/hat", json={"label": "Hat"}).status_code == 404
    twice = api.post("/attributes/contact", json=SIZE)
    assert (twice.status_code, twice.json()["field"]) == (409, "name")


def test_values_are_checked_set_and_cleared(api: TestClient, registered: Register, log: EventLog) -> None:
    define(api, **SIZE)
    ada = registered(attributes={"shoe_size": 43})
    assert api.get(f"/contacts/{ada}").json()["attributes"] == {"shoe_size": 43}
    assert isinstance(log.stream(ada)[1].fact, PersonalAttributeSet)
    refused = api.patch(f"/contacts/{ada}/attributes", json={"attributes": {"shoe_size": "large"}})
    assert (refused.status_code, refused.json()["field"]) == (409, "attributes.shoe_size")
    assert "large" not in refused.text
    api.patch(f"/contacts/{ada}/attributes", json={"attributes": {"shoe_size": None}}).raise_for_status()
    assert api.get(f"/contacts/{ada}").json()["attributes"] == {}


def test_a_required_attribute_is_asked_for_from_then_on(api: TestClient, registered: Register) -> None:
    ada = registered()
    define(api, **TIER)
    refused = api.post("/contacts", json={"name": "Bob"})
    assert (refused.status_code, refused.json()["field"]) == (409, "attributes.tier")
    registered("Bob", attributes={"tier": "Gold"})
    api.patch(f"/contacts/{ada}", json={"name": "Ada King"}).raise_for_status()


def test_a_value_whose_definition_changes_meanwhile_is_decided_anew(
    api: TestClient, registered: Register, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    define(api, **TIER | {"required": False})
    ada, changed = registered(), []
    load = log.store.load

    def load_late(streams: Any) -> Any:
        """Between the look at the definitions and the decision somebody takes Gold away."""
        if ada in streams and not changed:
            changed.append(True)
            api.patch("/attributes/contact/tier", json={"choices": ["Silver"]}).raise_for_status()
        return load(streams)

    monkeypatch.setattr(log.store, "load", load_late)
    refused = api.patch(f"/contacts/{ada}/attributes", json={"attributes": {"tier": "Gold"}})
    assert (refused.status_code, changed) == (409, [True])
    assert "Silver" in refused.json()["detail"]


def test_attributes_of_accounts(api: TestClient) -> None:
    define(api, "account", name="sector", label="Sector", type="text", personal=False, searchable=True)
    acme = api.post("/accounts", json={"name": "Acme", "attributes": {"sector": "Tools"}}).json()["id"]
    assert api.get(f"/accounts/{acme}").json()["attributes"] == {"sector": "Tools"}
    api.patch(f"/accounts/{acme}/attributes", json={"attributes": {"sector": "Bikes"}}).raise_for_status()
    assert api.get(f"/accounts/{acme}").json()["attributes"] == {"sector": "Bikes"}
    upsert = {"external_id": {"system": "erp", "id": "7"}, "name": "Bolt", "attributes": {"sector": "Screws"}}
    for _ in range(2):
        bolt = api.put("/accounts/by-external-id", json=upsert).raise_for_status().json()
    assert (bolt["version"], api.get(f"/accounts/{bolt['id']}").json()["attributes"]) == (2, {"sector": "Screws"})


def test_c6_a_merged_person_has_the_details_of_all_ids_and_loses_them_on_each(
    api: TestClient, registered: Register
) -> None:
    define(api, **SIZE)
    ada, bob = registered(attributes={"shoe_size": 38}), registered("A. King", attributes={"shoe_size": 39})
    for each, network in ((ada, "x"), (bob, "mastodon")):
        for path, body in (
            ("tags", {"tag": "vip"}),
            ("tags", {"tag": network}),
            ("handles", {"network": network, "handle": "ada"}),
        ):
            api.post(f"/contacts/{each}/{path}", json=body).raise_for_status()
        work = {"label": "work", "address": {"city": network}}
        api.put(f"/contacts/{each}/addresses", json=work).raise_for_status()
    api.patch(f"/contacts/{bob}/profile", json={"owner": "mia", "birthday": "1985-12-10"}).raise_for_status()
    api.post(f"/contacts/{ada}/merge", json={"absorb": [str(bob)], "survivor": str(ada)}).raise_for_status()
    person = api.get(f"/contacts/{bob}").json()
    assert (person["id"], person["owner"], person["birthday"]) == (str(ada), "mia", "1985-12-10")
    assert (sorted(person["tags"]), person["attributes"]) == (["mastodon", "vip", "x"], {"shoe_size": 38})
    assert [each["network"] for each in person["handles"]] == ["x", "mastodon"]
    assert [each["address"]["city"] for each in person["further_addresses"]] == ["x"]
    api.post(f"/contacts/{ada}/tags/remove", json={"tag": "vip"}).raise_for_status()
    api.post(f"/contacts/{ada}/tags/remove", json={"tag": "mastodon"}).raise_for_status()
    api.post(f"/contacts/{ada}/addresses/remove", json={"label": "work"}).raise_for_status()
    api.post(f"/contacts/{ada}/handles/remove", json={"network": "mastodon", "handle": "ada"}).raise_for_status()
    api.patch(f"/contacts/{ada}/attributes", json={"attributes": {"shoe_size": None}}).raise_for_status()
    api.patch(f"/contacts/{ada}/profile", json={"owner": None}).raise_for_status()
    person = api.get(f"/contacts/{ada}").json()
    assert (person["tags"], person["attributes"], person["further_addresses"]) == (["x"], {}, [])
    assert ([each["network"] for each in person["handles"]], person["owner"]) == (["x"], None)


UPSERT = {
    "external_id": {"system": "shop", "id": "4711"},
    "name": "Ada",
    "emails": ["ada@example.com"],
    "phones": ["030 901820"],
    "address": {"city": "London"},
}


def test_c12_an_upsert_registers_revises_and_may_be_repeated(api: TestClient) -> None:
    first = api.put("/contacts/by-external-id", json=UPSERT).raise_for_status().json()
    again = api.put("/contacts/by-external-id", json=UPSERT).raise_for_status().json()
    assert (first["version"], again["id"], again["version"]) == (1, first["id"], 1)
    more = UPSERT | {"name": "Ada King", "emails": ["ada@new.example"], "address": None}
    more["external_id"] = {"system": "SHOP", "id": "4711"}
    api.put("/contacts/by-external-id", json=more).raise_for_status()
    read = api.get(f"/contacts/{first['id']}").json()
    assert (read["name"], read["address"]["city"]) == ("Ada King", "London")
    assert [each["email"] for each in read["emails"]] == ["ada@example.com", "ada@new.example"]


def test_c8_an_upsert_by_an_absorbed_id_revises_the_person(api: TestClient, registered: Register) -> None:
    ada = registered("Ada Lovelace")
    bob = api.put("/contacts/by-external-id", json=UPSERT).raise_for_status().json()["id"]
    api.post(f"/contacts/{ada}/merge", json={"absorb": [bob], "survivor": str(ada)}).raise_for_status()
    told = UPSERT | {"name": "Ada King", "emails": ["ada@example.com", "ada@new.example"]}
    assert api.put("/contacts/by-external-id", json=told).raise_for_status().json()["id"] == str(ada)
    person = api.get(f"/contacts/{ada}").json()
    assert (person["name"], len(person["emails"]), len(person["phones"])) == ("Ada King", 2, 1)


def test_c4_an_upsert_with_an_address_of_somebody_else_is_refused(api: TestClient, registered: Register) -> None:
    ada = registered(emails=["ada@example.com"])
    refused = api.put("/contacts/by-external-id", json=UPSERT)
    assert (refused.status_code, refused.json()["holder"]) == (409, str(ada))


def test_c13_an_upsert_of_somebody_erased_is_recognised_and_refused(api: TestClient) -> None:
    first = api.put("/contacts/by-external-id", json=UPSERT).raise_for_status().json()["id"]
    api.delete(f"/contacts/{first}").raise_for_status()
    refused = api.put("/contacts/by-external-id", json=UPSERT)
    assert (refused.status_code, "erased" in refused.json()["detail"]) == (409, True)


def test_an_id_that_names_nothing_and_nobody_without_a_name_are_refused(api: TestClient) -> None:
    nothing = api.put("/contacts/by-external-id", json=UPSERT | {"external_id": {"system": "shop", "id": "null"}})
    assert (nothing.status_code, nothing.json()["field"]) == (409, "external_id")
    nameless = api.put("/contacts/by-external-id", json={"external_id": {"system": "shop", "id": "5"}})
    assert (nameless.status_code, nameless.json()["field"]) == (409, "name")


@pytest.fixture
def real(database: str, tmp_path: Path, settings: Settings) -> Iterator[tuple[TestClient, EventLog]]:
    """The app over the real log."""
    migrate(database, (CHASSIS, *service.migrations))
    opened = Database(database, max_size=16)
    log, issuer = service.log(PostgresStore(opened), MemoryKeys()), LocalIssuer(tmp_path / "issuer")
    with client_of(api_of(service, issuer, log, settings), issuer.issue("ada", ["contacts:*"])) as client:
        yield client, log
    opened.close()


def test_c4_sixteen_upserts_at_once_make_one_contact_and_all_are_answered(real: tuple[TestClient, EventLog]) -> None:
    client, log = real

    def upsert(number: int) -> Any:
        body = UPSERT | {"emails": [f"ada{number}@example.com"], "phones": []}
        headers = {"Idempotency-Key": f"key-{number}"}
        answer = client.put("/contacts/by-external-id", json=body, headers=headers)
        while answer.status_code == 409:  # busy: others were faster three times
            assert "same moment" in answer.json()["detail"]
            answer = client.put("/contacts/by-external-id", json=body, headers=headers)
        assert answer.is_success, answer.text
        return answer.json()["id"]

    with ThreadPoolExecutor(16) as pool:
        ids = set(pool.map(upsert, range(16)))
    assert len(ids) == 1
    emails = client.get(f"/contacts/{ids.pop()}").json()["emails"]
    assert {each["email"] for each in emails} == {f"ada{number}@example.com" for number in range(16)}


def test_whom_nobody_knows_is_404(api: TestClient) -> None:
    nobody = uuid4()
    assert api.patch(f"/contacts/{nobody}/profile", json={"owner": "mia"}).status_code == 404
    assert api.patch(f"/contacts/{nobody}/attributes", json={"attributes": {}}).status_code == 404
    assert api.post(f"/contacts/{nobody}/tags", json={"tag": "vip"}).status_code == 404
