"""Who was erased is recognised, refused to colleagues and imports, and welcome if they come back themselves (C13)."""

from collections.abc import Callable
from uuid import UUID

from fastapi.testclient import TestClient

from crm.chassis.testing.scenarios import scenarios
from crm.contacts.contact import contacts
from crm.contacts.returning import come_back
from crm.events.contacts import ContactErased, ContactRegistered
from crm.events.requests import ContactReturned

given = scenarios(contacts)
bob = ContactRegistered(name="Bob")
ADA = {"name": "Ada", "emails": ["ada@example.org"]}


def test_c13_that_somebody_came_back_is_recorded_once_and_with_evidence() -> None:
    given(bob).when(come_back, evidence=" a letter ").then(ContactReturned(evidence="a letter"))
    given(bob, ContactReturned(evidence="a letter")).when(come_back, evidence="another").then_nothing()
    given(bob).when(come_back, evidence="  ").then_rejected("how it can be shown")
    given(bob, ContactErased()).when(come_back, evidence="a letter").then_rejected("was erased")


def test_c13_a_colleague_who_knows_an_erased_address_is_refused(
    api: TestClient, registered: Callable[..., UUID]
) -> None:
    api.delete(f"/contacts/{registered(**ADA)}").raise_for_status()
    refused = api.post("/contacts", json=ADA)
    assert refused.status_code == 409
    assert "erased on request" in refused.json()["detail"]
    assert refused.json()["field"] == "email"
    assert api.get("/identities", params={"email": "ada@example.org"}).status_code == 404


def test_c13_somebody_who_came_back_is_registered_with_evidence(
    api: TestClient, registered: Callable[..., UUID]
) -> None:
    before = registered(**ADA)
    api.delete(f"/contacts/{before}").raise_for_status()
    assert api.post("/contacts", json=ADA | {"returning": True}).status_code == 409
    welcome = api.post("/contacts", json=ADA | {"returning": True, "evidence": "signed the contract of 3 May"})
    assert (welcome.status_code, welcome.json()["id"] != str(before)) == (201, True)


def test_c13_a_contact_who_came_back_gets_their_address_again(api: TestClient, registered: Callable[..., UUID]) -> None:
    api.delete(f"/contacts/{registered(**ADA)}").raise_for_status()
    bob = registered("Bob")
    assert api.post(f"/contacts/{bob}/emails", json={"email": "ada@example.org"}).status_code == 409
    api.post(f"/contacts/{bob}/return", json={"evidence": "called us"}).raise_for_status()
    api.post(f"/contacts/{bob}/emails", json={"email": "ada@example.org"}).raise_for_status()


def test_c13_another_system_that_tells_of_somebody_erased_says_whether_they_came_back(
    api: TestClient, registered: Callable[..., UUID]
) -> None:
    api.delete(f"/contacts/{registered(**ADA)}").raise_for_status()
    told = ADA | {"external_id": {"system": "erp", "id": "4711"}}
    assert api.put("/contacts/by-external-id", json=told).status_code == 409
    api.put("/contacts/by-external-id", json=told | {"returning": True, "evidence": "a new order"}).raise_for_status()
