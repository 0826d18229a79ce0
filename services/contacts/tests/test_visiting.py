"""Visitors are anonymous until they say who they are; then their past is the past of a person."""

from collections.abc import Callable
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from crm.chassis.log import EventLog
from crm.chassis.testing.services import Projector
from crm.contacts.contact import contacts, identifiers
from crm.contacts.lookup import find
from crm.events.contacts import ContactIdentified, ContactRecognised, ContactRegistered, ContactRenamed
from crm.events.sharing import DeviceLinked

Register = Callable[..., UUID]


def visit(api: TestClient, device: str = "cookie-1234") -> UUID:
    return UUID(api.post("/visitors", json={"device": device}).raise_for_status().json()["id"])


def identify(api: TestClient, person: UUID, /, **who: str) -> None:
    api.post(f"/contacts/{person}/identify", json=who).raise_for_status()


def test_a_visitor_is_an_anonymous_contact_under_a_device(api: TestClient) -> None:
    answer = api.post("/visitors", json={"device": "cookie-1234"})
    visitor = answer.json()["id"]
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/contacts/{visitor}")
    read = api.get(f"/contacts/{visitor}").json()
    assert (read["name"], read["devices"], read["anonymous"]) == ("Anonymous visitor", ["cookie-1234"], True)
    found = api.get("/identities", params={"device": "cookie-1234"}).json()
    assert (found["contact_id"], found["anonymous"]) == (visitor, True)


def test_who_comes_again_is_the_same_visitor(api: TestClient) -> None:
    visitor = visit(api)
    again = api.post("/visitors", json={"device": "cookie-1234"})
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, str(visitor), 1)
    assert api.post("/visitors", json={"device": "short"}).status_code == 422


def test_a_visitor_who_gives_a_name_is_a_person(api: TestClient) -> None:
    visitor = visit(api)
    api.patch(f"/contacts/{visitor}", json={"name": "Ada"}).raise_for_status()
    read = api.get(f"/contacts/{visitor}").json()
    assert (read["name"], read["anonymous"]) == ("Ada", False)
    other = visit(api, "cookie-5678")
    api.post(f"/contacts/{other}/emails", json={"email": "bob@example.com"}).raise_for_status()
    assert api.get(f"/contacts/{other}").json()["anonymous"] is False


def test_c5_the_past_of_a_visitor_stays_with_the_person(api: TestClient, registered: Register, log: EventLog) -> None:
    visitor, ada = visit(api), registered(emails=["ada@example.com"])
    identify(api, ada, device="cookie-1234")
    identify(api, ada, device="cookie-1234")  # is so already
    assert [type(e.fact) for e in log.stream(ada)] == [ContactRegistered, DeviceLinked, ContactRecognised]
    assert log.stream(visitor)[-1].fact == ContactIdentified(holder=ada)
    assert log.stream(visitor)[-1].contact_ids == (visitor, ada)
    assert api.get(f"/contacts/{visitor}").json()["id"] == str(ada)
    assert api.get("/identities", params={"device": "cookie-1234"}).json()["contact_id"] == str(ada)
    assert visit(api) == ada


def test_c5_a_visitor_is_identified_by_id_too_with_all_devices_and_earlier_ids(
    api: TestClient, registered: Register, log: EventLog
) -> None:
    first, second, ada = visit(api), visit(api, "cookie-5678"), registered()
    identify(api, second, contact=str(first))
    identify(api, ada, contact=str(second))
    identify(api, ada, contact=str(second))
    person = find(log, first)
    assert person.contact_id == ada
    assert person.contact.aliases == {first, second}  # so that an erasure reaches both
    assert sorted(person.contact.devices) == ["cookie-1234", "cookie-5678"]
    assert identifiers(person.contact) == {("device", "cookie-1234"), ("device", "cookie-5678")}


def test_an_id_that_was_minted_elsewhere_is_identified(api: TestClient, registered: Register, log: EventLog) -> None:
    ada, provisional = registered(), uuid4()
    identify(api, ada, contact=str(provisional))
    assert find(log, provisional).contact_id == ada


def test_a_device_that_nobody_used_yet_is_linked(api: TestClient, registered: Register) -> None:
    ada, bob = registered(), registered("Bob")
    identify(api, ada, device="cookie-1234")
    assert api.get(f"/contacts/{ada}").json()["devices"] == ["cookie-1234"]
    taken = api.post(f"/contacts/{bob}/identify", json={"device": "cookie-1234"})
    assert (taken.status_code, taken.json()["holder"]) == (409, str(ada))
    api.post(f"/contacts/{ada}/identifiers/share", json={"device": "cookie-1234"}).raise_for_status()
    shared = api.post(f"/contacts/{bob}/identify", json={"device": "cookie-1234"}).raise_for_status().json()
    assert shared["warnings"][0]["holder"] == str(ada)


def test_c8_somebody_known_is_merged_and_not_identified(api: TestClient, registered: Register) -> None:
    ada, bob = registered(), registered("Bob")
    answer = api.post(f"/contacts/{ada}/identify", json={"contact": str(bob)})
    assert (answer.status_code, "merge" in answer.json()["detail"]) == (409, True)
    itself = api.post(f"/contacts/{ada}/identify", json={"contact": str(ada)})
    assert (itself.status_code, itself.json()["field"]) == (409, "contact")


def test_identifying_names_one_visitor_and_a_contact_that_exists(api: TestClient, registered: Register) -> None:
    ada = registered()
    for body in ({}, {"device": "cookie-1234", "contact": str(ada)}):
        assert api.post(f"/contacts/{ada}/identify", json=body).status_code == 422
    nobody = uuid4()
    assert api.post(f"/contacts/{nobody}/identify", json={"device": "cookie-1234"}).status_code == 404
    assert api.post(f"/contacts/{nobody}/identify", json={"contact": str(visit(api))}).status_code == 404
    stale = api.post(f"/contacts/{ada}/identify", json={"device": "cookie-9999"}, headers={"If-Match": '"7"'})
    assert stale.status_code == 412


def test_c13_who_is_erased_leaves_their_devices_to_others(api: TestClient, registered: Register) -> None:
    visitor, ada = visit(api), registered()
    identify(api, ada, device="cookie-1234")
    api.delete(f"/contacts/{ada}").raise_for_status()
    assert api.get(f"/contacts/{visitor}").status_code == 410
    assert visit(api) not in (visitor, ada)


def test_visitors_are_not_in_the_directory_until_they_have_a_name(suite: TestClient, views: Projector) -> None:
    visitor = visit(suite)
    views.catch_up()
    assert suite.get("/contacts").json()["items"] == []
    suite.patch(f"/contacts/{visitor}", json={"name": "Ada"}).raise_for_status()
    views.catch_up()
    assert [each["id"] for each in suite.get("/contacts").json()["items"]] == [str(visitor)]


def test_c5_the_history_of_a_person_begins_with_their_first_visit(suite: TestClient, views: Projector) -> None:
    visitor = visit(suite)
    note = {"kind": "note", "subject": "Looked at a bicycle"}
    suite.post(f"/contacts/{visitor}/interactions", json=note).raise_for_status()
    ada = UUID(suite.post("/contacts", json={"name": "Ada"}).json()["id"])
    identify(suite, ada, device="cookie-1234")
    views.catch_up()
    summaries = [each["summary"] for each in suite.get(f"/contacts/{ada}/history?order=oldest").json()["items"]]
    assert summaries[:3] == [
        "Anonymous visitor became a contact",
        "note (inbound): Looked at a bicycle",
        "Ada became a contact",
    ]


def test_an_anonymous_visitor_is_named_by_a_fact() -> None:
    anonymous = ContactRegistered(name="Anonymous visitor", devices=["cookie-1234"], anonymous=True)
    for facts, expected in (
        ((anonymous,), True),
        ((anonymous, ContactRenamed(name="Ada")), False),
        ((ContactRegistered(name="Ada"),), False),
    ):
        state = contacts.fold(facts)
        assert state
        assert state.anonymous is expected


def test_c5_somebody_identified_survives_an_anonymous_visitor_and_keeps_the_name(
    api: TestClient, registered: Register
) -> None:
    visitor, ada = visit(api), registered()
    api.post(f"/contacts/{visitor}/merge", json={"absorb": [str(ada)]}).raise_for_status()
    for each in (visitor, ada):
        read = api.get(f"/contacts/{each}").json()
        assert (read["id"], read["name"], read["devices"]) == (str(ada), "Ada Lovelace", ["cookie-1234"])
    assert visit(api) == ada


def test_c3_what_an_absorbed_id_of_the_same_person_has_is_there_already(api: TestClient, registered: Register) -> None:
    ada, bob = registered(), registered("Ada", emails=["ada@example.com"], phones=["030 901820"])
    api.post(f"/contacts/{ada}/merge", json={"absorb": [str(bob)], "survivor": str(ada)}).raise_for_status()
    for path, body in (("emails", {"email": "ADA@example.com"}), ("phones", {"phone": "030901820"})):
        answer = api.post(f"/contacts/{ada}/{path}", json=body)
        assert (answer.status_code, answer.json()["warnings"]) == (200, [])
    api.post(f"/contacts/{ada}/identifiers/share", json={"email": "ada@example.com"}).raise_for_status()
    assert api.get(f"/contacts/{ada}").json()["emails"][0]["shared"] is True
    body = {"name": "Ada", "emails": ["ada@example.com", "new@example.com"], "on_taken": "use"}
    known = api.post("/contacts", json=body)
    assert (known.status_code, known.json()["warnings"][0]["holder"]) == (201, str(ada))
