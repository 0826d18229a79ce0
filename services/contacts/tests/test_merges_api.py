"""Merging and undoing it over HTTP, on a log in memory."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import EventLog
from crm.events.merging import ContactAbsorbed

Register = Callable[..., UUID]


@pytest.fixture
def merge(api: TestClient) -> Callable[..., UUID]:
    """Merges contacts over HTTP and returns the id of the merge."""

    def merge(contact: UUID, *absorb: UUID, **more: Any) -> UUID:
        answer = api.post(f"/contacts/{contact}/merge", json={"absorb": [str(each) for each in absorb], **more})
        assert answer.status_code == 201, answer.text
        return UUID(api.get(answer.headers["Location"]).json()["items"][0]["merge_id"])

    return merge


@pytest.fixture
def read(api: TestClient) -> Callable[[UUID], Any]:
    """A contact as it is read by an id."""
    return lambda contact: api.get(f"/contacts/{contact}").raise_for_status().json()


Merge = Callable[..., UUID]
Read = Callable[[UUID], Any]


def undo(api: TestClient, contact: UUID, **by: str) -> None:
    api.post(f"/contacts/{contact}/unmerge", json={"reason": "Two people", **by}).raise_for_status()


def test_c8_an_absorbed_id_is_answered_with_the_canonical_person(
    registered: Register, merge: Merge, read: Read
) -> None:
    ada = registered("Ada", emails=["ada@example.com"])
    bob = registered("A. Lovelace", emails=["ada@work.example"], address={"city": "London"})
    merge(ada, bob)
    person = read(bob)
    assert person == read(ada)
    assert person["id"] == str(ada)
    assert person["aliases"] == [str(bob)]
    assert [each["email"] for each in person["emails"]] == ["ada@example.com", "ada@work.example"]
    assert person["address"]["city"] == "London"
    assert person["provenance"]["address"] == [str(bob)]
    assert person["provenance"]["emails"] == [str(ada), str(bob)]


def test_c9_after_an_unmerge_each_is_as_before(api: TestClient, registered: Register, merge: Merge, read: Read) -> None:
    ada, bob = registered("Ada", phones=["030 901820"]), registered("Bob", emails=["bob@example.com"])
    before = read(ada), read(bob)
    merge_id = merge(ada, bob)
    undo(api, bob, merge_id=str(merge_id))
    assert (read(ada), read(bob)) == before
    assert api.get("/identities", params={"email": "bob@example.com"}).json()["contact_id"] == str(bob)


def test_c8_chains_resolve_and_can_be_undone_in_the_middle(
    api: TestClient, registered: Register, merge: Merge, read: Read
) -> None:
    a, b, c = registered("A"), registered("B"), registered("C")
    inner = merge(a, b, survivor=str(a))
    merge(c, b, survivor=str(c))
    assert {read(each)["id"] for each in (a, b, c)} == {str(c)}
    undo(api, c, merge_id=str(inner))
    assert [read(each)["id"] for each in (a, b, c)] == [str(c), str(b), str(c)]


def test_c8_nobody_is_merged_with_themselves(api: TestClient, registered: Register, merge: Merge) -> None:
    ada, bob = registered("Ada"), registered("Bob")
    for absorb in ([ada], [bob, bob]):
        answer = api.post(f"/contacts/{ada}/merge", json={"absorb": [str(each) for each in absorb]})
        assert (answer.status_code, answer.json()["field"]) == (409, "absorb")
    merge(ada, bob)
    for one, other in ((ada, bob), (bob, ada)):
        answer = api.post(f"/contacts/{one}/merge", json={"absorb": [str(other)]})
        assert answer.status_code == 409
        assert "one person already" in answer.json()["detail"]
    assert api.post(f"/contacts/{ada}/merge", json={"absorb": [str(uuid4())]}).status_code == 404


def test_c6_the_preview_is_the_result(api: TestClient, registered: Register) -> None:
    ada = registered("Ada", emails=["ada@example.com"], phones=["030 901820"])
    bob = registered("Ada King", emails=["king@example.com"], address={"city": "London"})
    choices = {"name": str(ada), "primary_email": str(bob)}
    proposal = {"absorb": [str(bob)], "survivor": str(ada), "choices": choices}
    answer = api.post(f"/contacts/{ada}/merge", json=proposal | {"versions": {str(ada): 1, str(bob): 1}})
    assert answer.status_code == 201
    person = api.get(f"/contacts/{ada}").json()
    assert person["name"] == "Ada"
    assert person["emails"][0] == {"email": "king@example.com", "verified": False, "primary": True, "shared": False}


def test_c6_a_merge_is_refused_if_what_was_previewed_has_changed(api: TestClient, registered: Register) -> None:
    ada, bob = registered("Ada"), registered("Bob")
    api.patch(f"/contacts/{bob}", json={"name": "Robert"}).raise_for_status()
    body = {"absorb": [str(bob)], "versions": {str(ada): 1, str(bob): 1}}
    assert api.post(f"/contacts/{ada}/merge", json=body).status_code == 412


def test_a_repeated_merge_is_answered_and_not_done_again(api: TestClient, registered: Register) -> None:
    ada, bob = registered("Ada"), registered("Bob")
    body, headers = {"absorb": [str(bob)]}, {"Idempotency-Key": "one"}
    first, second = (api.post(f"/contacts/{ada}/merge", json=body, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()


def test_c9_an_unmerge_by_an_identifier_takes_its_contact_out(
    api: TestClient, registered: Register, merge: Merge, read: Read
) -> None:
    ada, bob, eve = registered("Ada", emails=["ada@x.example"]), registered("Bob", phones=["030 901820"]), registered()
    merge(ada, bob)
    merge(ada, eve)
    undo(api, ada, phone="+49 30 901820")
    assert [read(each)["id"] for each in (ada, bob, eve)] == [str(ada), str(bob), str(ada)]


def test_c9_an_unmerge_by_the_first_identifier_leaves_its_contact_alone(
    api: TestClient, registered: Register, merge: Merge, read: Read
) -> None:
    ada, bob, eve = registered("Ada", emails=["ada@x.example"]), registered("Bob"), registered("Eve")
    merge(ada, bob)
    merge(ada, eve)
    undo(api, ada, email="ADA@x.example")
    assert [read(each)["id"] for each in (ada, bob, eve)] == [str(ada), str(bob), str(eve)]
    refused = api.post(f"/contacts/{ada}/unmerge", json={"reason": "Again", "email": "ada@x.example"})
    assert refused.status_code == 409
    stranger = api.post(f"/contacts/{bob}/unmerge", json={"reason": "Not mine", "email": "ada@x.example"})
    assert stranger.status_code == 409


def test_exactly_one_way_to_name_a_merge_is_given(api: TestClient, registered: Register) -> None:
    ada = registered()
    for body in ({"reason": "x"}, {"reason": "x", "email": "a@b.example", "phone": "1"}, {"merge_id": str(uuid4())}):
        assert api.post(f"/contacts/{ada}/unmerge", json=body).status_code == 422


def test_c6_a_choice_can_be_changed_later(api: TestClient, registered: Register, merge: Merge, read: Read) -> None:
    ada, bob = registered("Ada"), registered("Bob")
    merge(ada, bob, survivor=str(ada), choices={"name": str(ada)})
    api.put(f"/contacts/{ada}/choices/name", json={"source": str(bob)}).raise_for_status()
    assert read(ada)["name"] == "Bob"
    api.patch(f"/contacts/{ada}", json={"name": "Ada"}).raise_for_status()
    assert read(ada)["name"] == "Ada"
    answer = api.put(f"/contacts/{ada}/choices/address", json={"source": str(bob)})
    assert (answer.status_code, answer.json()["field"]) == (409, "address")


def test_c11_before_the_merge_each_id_stands_alone(
    api: TestClient, registered: Register, merge: Merge, read: Read
) -> None:
    ada, bob = registered("Ada"), registered("Bob")
    before = read(bob)
    merge_id = merge(ada, bob)
    record = api.get(f"/contacts/{bob}/merges").json()["items"][0]
    assert (record["merge_id"], record["absorbed"], record["undone_at"]) == (str(merge_id), [str(bob)], None)
    links = api.get(f"/contacts/{ada}/aliases").json()["items"]
    assert [(each["id"], each["stands_for"], each["merge_id"]) for each in links] == [
        (str(bob), str(ada), str(merge_id))
    ]
    moment = record["merged_at"]
    undo(api, ada, merge_id=str(merge_id))
    for parameter in ("as_of", "as_known_at"):
        then = api.get(f"/contacts/{bob}", params={parameter: moment}).json()
        assert then["id"] == str(ada)
        assert api.get(f"/contacts/{bob}/aliases", params={parameter: moment}).json()["items"] == links
    assert read(bob) == before
    assert api.get(f"/contacts/{ada}/aliases").json()["items"] == []
    for party in (ada, bob):
        assert api.get(f"/contacts/{party}/merges").json()["items"][0]["reason"] == "Two people"


def test_c8_what_an_absorbed_id_holds_is_changed_where_it_is_held(
    api: TestClient, registered: Register, merge: Merge, read: Read
) -> None:
    ada = registered("Ada", emails=["ada@x.example"], phones=["030 901820"])
    bob = registered("Bob", emails=["bob@x.example", "bob@y.example"], external_ids=[{"system": "shop", "id": "7"}])
    merge_id = merge(ada, bob, survivor=str(ada))
    for method, path, body in (
        ("POST", "emails", {"email": "BOB@x.example"}),
        ("POST", "external-ids", {"system": "SHOP", "id": "7"}),
        ("POST", "emails/verify", {"email": "bob@x.example"}),
        ("PUT", "emails/primary", {"email": "bob@y.example"}),
        ("POST", "emails/remove", {"email": "bob@x.example"}),
    ):
        answer = api.request(method, f"/contacts/{ada}/{path}", json=body)
        assert answer.status_code == 200, (path, answer.text)
    assert [each["email"] for each in read(ada)["emails"]] == ["bob@y.example", "ada@x.example"]
    api.put(f"/contacts/{ada}/emails/primary", json={"email": "ada@x.example"}).raise_for_status()
    assert [each["email"] for each in read(ada)["emails"]] == ["ada@x.example", "bob@y.example"]
    assert api.post(f"/contacts/{ada}/emails/remove", json={"email": "eve@x.example"}).status_code == 409
    undo(api, ada, merge_id=str(merge_id))
    assert [each["email"] for each in read(bob)["emails"]] == ["bob@y.example"]


def test_c8_what_is_written_to_an_absorbed_id_is_refused_with_the_canonical_one(
    api: TestClient, registered: Register, merge: Merge
) -> None:
    ada, bob = registered("Ada"), registered("Bob", emails=["bob@x.example"])
    merge(ada, bob, survivor=str(ada))
    for method, path, body in (
        ("PATCH", "", {"name": "Robert"}),
        ("POST", "/emails/remove", {"email": "bob@x.example"}),
        ("POST", "/interactions", {"kind": "note", "subject": "Called"}),
    ):
        answer = api.request(method, f"/contacts/{bob}{path}", json=body)
        assert answer.status_code == 409
        assert str(ada) in answer.json()["detail"]


def test_c13_merged_people_are_erased_as_one(api: TestClient, registered: Register, merge: Merge) -> None:
    ada, bob = registered("Ada"), registered("Bob", emails=["bob@x.example"])
    merge_id = merge(ada, bob, survivor=str(ada))
    api.delete(f"/contacts/{ada}").raise_for_status()
    for each in (ada, bob):
        assert api.get(f"/contacts/{each}").status_code == 410
        body = {"merge_id": str(merge_id), "reason": "Too late"}
        assert api.post(f"/contacts/{each}/unmerge", json=body).status_code == 410
    assert api.get("/identities", params={"email": "bob@x.example"}).status_code == 404


def test_what_changes_under_an_absorbed_id_is_seen_by_who_has_the_version_before(
    api: TestClient, registered: Register, merge: Merge
) -> None:
    ada, bob = registered("Ada"), registered("Bob", emails=["bob@x.example"])
    seen = api.get(f"/contacts/{ada}").headers["ETag"]
    assert api.get(f"/contacts/{ada}", headers={"If-None-Match": seen}).status_code == 304
    merge(ada, bob, survivor=str(ada))
    seen = api.get(f"/contacts/{ada}").headers["ETag"]
    api.post(f"/contacts/{ada}/emails/verify", json={"email": "bob@x.example"}).raise_for_status()
    answer = api.get(f"/contacts/{ada}", headers={"If-None-Match": seen})
    assert answer.json()["emails"][0]["verified"]
    changed = api.patch(f"/contacts/{ada}", json={"name": "Ada K"}, headers={"If-Match": seen})
    assert changed.status_code == 200


def test_c11_a_chain_is_as_long_as_it_was_then(
    api: TestClient, registered: Register, merge: Merge, log: EventLog
) -> None:
    a, b, c = (registered(each) for each in "abc")
    merge(b, a, survivor=str(b))
    merge(c, b, survivor=str(c))
    (first,) = (e.recorded_at for e in log.stream(a) if isinstance(e.fact, ContactAbsorbed))
    (second,) = (e.recorded_at for e in log.stream(b) if isinstance(e.fact, ContactAbsorbed))
    blink = timedelta(microseconds=1)
    for moment, canonical in ((first - blink, a), (first, b), (second - blink, b), (second, c)):
        for parameter in ("as_of", "as_known_at"):
            query = {parameter: moment.isoformat()}
            assert api.get(f"/contacts/{a}", params=query).json()["id"] == str(canonical)
    links = api.get(f"/contacts/{a}/aliases").json()["items"]
    assert [(each["id"], each["stands_for"]) for each in links] == [(str(a), str(b)), (str(b), str(c))]
    first_page = api.get(f"/contacts/{c}/merges", params={"limit": 1}).json()
    rest = api.get(f"/contacts/{c}/merges", params={"limit": 1, "cursor": first_page["next"]}).json()
    assert [each["items"][0]["survivor"] for each in (first_page, rest)] == [str(c), str(b)]
    assert rest["next"] is None


def test_c6_c7_a_preview_tells_consents_and_conflicts_and_is_the_result(suite: TestClient, views: Any) -> None:
    def post(path: str, **body: Any) -> Any:
        answer = suite.post(path, json=body)
        assert answer.is_success, answer.text
        views.catch_up()
        return answer.json()

    ada, bob = post("/contacts", name="Ada")["id"], post("/contacts", name="A. King", address={"city": "London"})["id"]
    said = {"channel": "email", "purpose": "marketing", "source": "form"}
    post(f"/contacts/{ada}/consents", **said, wording_version="1", evidence={})
    post(f"/contacts/{bob}/consents/withdraw", **said)
    preview = suite.post(f"/contacts/{bob}/merge/preview", json={"absorb": [ada]}).raise_for_status().json()
    assert (preview["survivor"], preview["absorbed"]) == (ada, [bob])
    assert preview["conflicts"] == {"name": [ada, bob]}
    assert preview["field_choices"] == {"name": bob, "address": bob}
    (consent,) = preview["consents"]
    assert (consent["granted"], consent["sources"]) == (False, sorted([ada, bob]))
    post(f"/contacts/{bob}/merge", absorb=[ada], versions=preview["versions"])
    assert suite.get(f"/contacts/{ada}").json() == preview["profile"]
    assert suite.post(f"/contacts/{bob}/merge/preview", json={"absorb": [ada]}).status_code == 409


def test_c8_what_two_ids_have_is_taken_away_from_both(api: TestClient, registered: Register, merge: Merge) -> None:
    for each in ("shoe_size", "hat_size"):
        body = {"name": each, "label": each, "type": "number"}
        api.post("/attributes/contact", json=body).raise_for_status()
    ada, bob = registered("Ada", attributes={"hat_size": 7}), registered("Bob", attributes={"shoe_size": 43})
    for each in (ada, bob):
        api.post(f"/contacts/{each}/tags", json={"tag": "vip"}).raise_for_status()
        address = {"label": "work", "address": {"city": f"City {each}"}}
        api.put(f"/contacts/{each}/addresses", json=address).raise_for_status()
    merge(ada, bob, survivor=str(ada))
    assert api.get(f"/contacts/{ada}").json()["attributes"] == {"hat_size": 7, "shoe_size": 43}
    for method, path, body in (
        ("POST", "tags/remove", {"tag": "vip"}),
        ("POST", "addresses/remove", {"label": "work"}),
        ("PATCH", "attributes", {"attributes": {"shoe_size": None, "hat_size": 8}}),
    ):
        api.request(method, f"/contacts/{ada}/{path}", json=body).raise_for_status()
    read = api.get(f"/contacts/{ada}").json()
    assert (read["tags"], read["further_addresses"], read["attributes"]) == ([], [], {"hat_size": 8})


def test_c8_an_upsert_by_an_absorbed_contacts_id_adds_to_the_person(
    api: TestClient, registered: Register, merge: Merge, read: Read, log: EventLog
) -> None:
    ada = registered("Ada", emails=["ada@x.example"])
    bob = registered("Bob", emails=["bob@x.example"], external_ids=[{"system": "shop", "id": "7"}])
    merge(ada, bob, survivor=str(ada))
    emails = ["BOB@x.example", "new@x.example", "ada@x.example"]
    body = {"name": "Ada", "emails": emails, "external_id": {"system": "shop", "id": "7"}}
    for _ in range(2):
        answer = api.put("/contacts/by-external-id", json=body)
        assert answer.is_success, answer.text
    person = read(bob)
    assert {each["email"] for each in person["emails"]} == {"ada@x.example", "bob@x.example", "new@x.example"}
    assert [str(each.fact) for each in log.stream(bob)[2:]] == []
    assert len(log.stream(ada)) == 4
