"""Identifiers that do not name one person alone: rules, what they lead to over HTTP, and who has them (C3, C4)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from fastapi.testclient import TestClient

from crm.chassis.people.identity import Identifier
from crm.chassis.testing.scenarios import scenarios
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import recorded
from crm.contacts.borrowers import borrowers
from crm.contacts.contact import contacts, identifiers
from crm.contacts.family import Family
from crm.contacts.merger import shares_verified
from crm.contacts.reach import add_email, add_phone
from crm.contacts.registration import register
from crm.contacts.sharing import complement, declare, link_device
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactPhoneAdded,
    ContactRegistered,
)
from crm.events.contacts import ExternalIdLinked as Linked
from crm.events.particulars import ExternalId, Phone
from crm.events.sharing import DeviceLinked, IdentifierShared, IdentifierUnshared

Register = Callable[..., UUID]
given = scenarios(contacts)
INFO, HOME = Identifier("email", "info@acme.example"), Identifier("phone", "+4930901820")
phone = Phone("030 901820", "+4930901820")
ada = ContactRegistered(name="Ada", emails=["Info@Acme.example"], phones=[phone])
bob = ContactRegistered(name="Bob", emails=["info@acme.example"], shared=["info@acme.example"])


def held(*facts: Any) -> set[Identifier]:
    state = contacts.fold(facts)
    assert state
    return identifiers(state)


def test_c3_what_is_recorded_as_shared_is_kept_but_not_claimed() -> None:
    given().when(register, name="Bob", emails=["info@acme.example"], phones=[phone], shared={HOME}).then(
        ContactRegistered(name="Bob", emails=["info@acme.example"], phones=[phone], shared=["030 901820"])
    )
    given(bob).when(add_phone, phone=phone, shared={HOME}).then(
        ContactPhoneAdded(phone="030 901820", e164="+4930901820", shared=True)
    )
    given(ada).when(add_email, email="ada@b.example", shared={HOME}).then(ContactEmailAdded(email="ada@b.example"))
    assert held(bob) == set()
    assert held(ada) == {INFO, HOME}
    assert held(ada, ContactEmailAdded(email="x@b.example", shared=True)) == {INFO, HOME}


def test_c3_what_is_declared_as_shared_is_still_held() -> None:
    given(ada).when(declare, email="INFO@acme.example", shared=True).then(
        IdentifierShared(kind="email", value="Info@Acme.example")
    )
    declared = IdentifierShared(kind="email", value="Info@Acme.example")
    given(ada, declared).when(declare, email="info@acme.example", shared=True).then_nothing()
    given(ada, declared).when(declare, email="info@acme.example", shared=False).then(
        IdentifierUnshared(kind="email", value="Info@Acme.example")
    )
    assert held(ada, declared) == {INFO, HOME}
    state = contacts.fold((ada, declared))
    assert state and state.shared == {INFO}


def test_c3_what_is_declared_as_ones_own_is_claimed_again() -> None:
    unshared = IdentifierUnshared(kind="email", value="info@acme.example")
    given(bob).when(declare, email="info@acme.example", shared=False).then(unshared)
    assert held(bob, unshared) == {INFO}


def test_c3_only_what_a_contact_has_is_declared() -> None:
    given(ada).when(declare, email="eve@acme.example", shared=True).then_rejected("no such e-mail address")
    given(ada).when(declare, phone=Phone("1", "+1"), shared=True).then_rejected("no such telephone number")
    given(ada).when(declare, device="cookie-1", shared=True).then_rejected("no such device")
    unreadable = ContactPhoneAdded(phone="reception")
    given(ada, unreadable).when(declare, phone=Phone("reception"), shared=True).then_rejected("nobody in particular")


def test_c3_who_gives_a_shared_address_up_has_nothing_special_left() -> None:
    gone = ContactEmailRemoved(email="info@acme.example")
    again = ContactEmailAdded(email="info@acme.example")
    assert held(bob, gone, again) == {INFO}


def test_devices_are_linked_once() -> None:
    given(ada).when(link_device, device=" cookie-1234 ").then(DeviceLinked(device="cookie-1234"))
    given(ada, DeviceLinked(device="cookie-1234")).when(link_device, device="cookie-1234").then_nothing()
    given(ada).when(link_device, device="undefined").then_rejected("no device in particular")
    assert Identifier("device", "cookie-1234") in held(ada, DeviceLinked(device="cookie-1234"))
    assert held(bob, DeviceLinked(device="cookie-1234", shared=True)) == set()


def test_c4_somebody_known_gets_what_else_is_told_and_nothing_twice() -> None:
    given(ada).when(
        complement,
        emails=["INFO@acme.example", "ada@home.example", "ADA@home.example"],
        phones=[phone, Phone("112")],
        external_ids=[ExternalId("shop", "1"), ExternalId("shop", "1")],
        devices=["null", "cookie-1234"],
    ).then(
        ContactEmailAdded(email="ada@home.example"),
        ContactPhoneAdded(phone="112"),
        Linked(system="shop", id="1"),
        DeviceLinked(device="cookie-1234"),
    )
    given(ada).when(complement).then_nothing()


# Who has it


def test_c3_a_view_tells_who_has_it_too(suite: TestClient, views: Projector) -> None:
    def post(path: str, **body: Any) -> Any:
        return suite.post(path, json=body).raise_for_status().json()

    ada = post("/contacts", name="Ada", phones=["030 901820"])["id"]
    others = [post("/contacts", name="Bob", phones=["030901820"])["id"] for _ in range(3)]
    views.catch_up()
    asked = {"phone": "+4930901820"}
    found = suite.get("/identities/others", params=asked).json()["items"]
    assert {each["contact_id"] for each in found} == set(others)
    assert ada not in others
    first = suite.get("/identities/others", params={**asked, "limit": 2}).json()
    rest = suite.get("/identities/others", params={**asked, "limit": 2, "cursor": first["next"]}).json()
    assert first["items"] + rest["items"] == found
    post(f"/contacts/{others[0]}/phones/remove", phone="030901820")
    suite.delete(f"/contacts/{others[1]}").raise_for_status()
    views.catch_up()
    found = suite.get("/identities/others", params=asked).json()["items"]
    assert [each["contact_id"] for each in found] == [others[2]]
    assert suite.get("/identities/others").status_code == 422


def test_borrowers_are_those_who_do_not_hold_it() -> None:
    contact = uuid4()
    facts = [
        ContactRegistered(
            name="Bob",
            emails=["a@b.example", "info@acme.example"],
            phones=[phone],
            devices=["cookie-1234"],
            shared=["info@acme.example", "030 901820", "cookie-1234"],
        ),
        ContactEmailAdded(email="x@b.example"),
        ContactEmailRemoved(email="info@acme.example"),
        IdentifierUnshared(kind="device", value="cookie-1234"),
        DeviceLinked(device="cookie-5678", shared=True),
    ]
    rows = borrowers.fold(recorded(contact, fact, at) for at, fact in enumerate(facts, 1))
    [row] = rows.values()
    assert row.keys == ("phone:+4930901820", "device:cookie-5678")


def test_c5_what_several_people_have_proves_nothing() -> None:
    def person(*facts: Any) -> Family:
        state = contacts.fold((ada, ContactEmailVerified(email="Info@Acme.example"), *facts))
        assert state
        return Family(uuid4(), state, 2)

    assert shares_verified(person(), person())
    shared = IdentifierShared(kind="email", value="Info@Acme.example")
    assert not shares_verified(person(shared), person())
