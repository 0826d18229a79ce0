"""The rules of contacts."""

from uuid import uuid4

import pytest

from crm.chassis.decider import Erased, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.contact import contacts
from crm.contacts.registration import link_external_id, move, register, rename, revise
from crm.events.contacts import (
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactRegistered,
    ContactRenamed,
    ErasureRequested,
    ExternalIdLinked,
)
from crm.events.particulars import ExternalId, Phone, PostalAddress

given = scenarios(contacts)
ada = ContactRegistered(
    name="Ada",
    emails=["Ada@Example.com"],
    phones=[Phone("030 901820", "+4930901820")],
    address=PostalAddress(city="Rom"),
)


def test_somebody_becomes_a_contact_in_one_decision() -> None:
    given().when(
        register,
        name="  Ada   Lovelace ",
        emails=["ada@example.com"],
        phones=[Phone("030 901820", "+4930901820")],
        external_ids=[ExternalId("shop", "4711")],
    ).then(
        ContactRegistered(
            name="Ada Lovelace",
            emails=["ada@example.com"],
            phones=[Phone("030 901820", "+4930901820")],
            external_ids=[ExternalId("shop", "4711")],
        )
    )


def test_a_contact_is_registered_once() -> None:
    given(ada).when(register, name="Ada").then_rejected("already registered")


def test_a_contact_needs_a_name() -> None:
    given().when(register, name="  ").then_rejected("needs a name")
    given(ada).when(rename, name="").then_rejected("needs a name")


def test_c1_what_is_no_address_is_refused() -> None:
    given().when(register, name="Ada", emails=["ada at example"]).then_rejected("not an e-mail address")


def test_c1_spellings_of_one_address_are_kept_once_as_first_entered() -> None:
    given().when(register, name="Ada", emails=[" Ada@Example.com", "b@b.example", "ada@EXAMPLE.com"]).then(
        ContactRegistered(name="Ada", emails=["Ada@Example.com", "b@b.example"])
    )


def test_c2_variants_of_one_number_are_kept_once_and_unreadable_ones_as_they_are() -> None:
    new, old, other = Phone("+55 11 98765-4321", "+5511987654321"), Phone("old", "+551187654321"), Phone("reception")
    given().when(register, name="Ada", phones=[new, other, old]).then(
        ContactRegistered(name="Ada", phones=[new, other])
    )


def test_renaming_and_moving_are_facts_of_their_own() -> None:
    oslo = PostalAddress(city="Oslo", country="NO")
    given(ada).when(rename, name="Ada King").then(ContactRenamed(name="Ada King"))
    given(ada).when(move, address=oslo).then(ContactMoved(address=oslo))
    given(ada).when(revise, name="Ada King", address=oslo, moved=True).then(
        ContactRenamed(name="Ada King"), ContactMoved(address=oslo)
    )


def test_what_is_so_already_is_not_recorded_again() -> None:
    given(ada).when(rename, name=" Ada ").then_nothing()
    given(ada).when(move, address=PostalAddress(city="Rom")).then_nothing()
    given(ada).when(revise, name="Ada", address=None, moved=False).then_nothing()


def test_an_address_can_be_taken_away() -> None:
    given(ada).when(revise, address=None, moved=True).then(ContactMoved(address=None))


def test_what_other_systems_call_a_person() -> None:
    given(ada).when(link_external_id, external_id=ExternalId("erp", "77")).then(ExternalIdLinked(system="erp", id="77"))
    given(ada, ExternalIdLinked(system="erp", id="77")).when(
        link_external_id, external_id=ExternalId("erp", "77")
    ).then_nothing()


def test_c3_identifiers_are_claimed_by_their_match_keys_and_non_values_are_not() -> None:
    facts = (
        ContactRegistered(
            name="Ada",
            emails=["ADA@example.com", "noreply@example.com"],
            phones=[Phone("030 901820", "+4930901820"), Phone("reception")],
            external_ids=[ExternalId("Shop", "4711"), ExternalId("shop", "null")],
            provisional=True,
        ),
    )
    contact = contacts.fold(facts)
    assert contacts.claims and contact
    assert contacts.claims(contact) == {
        ("email", "ada@example.com"),
        ("phone", "+4930901820"),
        ("external_id", "shop:4711"),
    }


@pytest.mark.parametrize("last", [ContactErased(), ContactIdentified(holder=uuid4())])
def test_aliases_and_erased_people_claim_nothing(last: ContactErased | ContactIdentified) -> None:
    facts = (ada, last) if isinstance(last, ContactErased) else (last,)
    contact = contacts.fold(facts)
    assert contacts.claims and contact
    assert contacts.claims(contact) == set()


def test_c13_nothing_is_recorded_about_an_erased_person() -> None:
    gone = (ada, ErasureRequested(), ContactErased())
    given(*gone).when(rename, name="Eve").then_rejected("was erased", Erased)
    given(*gone).when(revise).then_rejected("was erased", Erased)


def test_c8_an_alias_names_the_contact_to_write_to() -> None:
    holder = uuid4()
    given(ContactIdentified(holder=holder)).when(rename, name="Eve").then_rejected(f"alias of contact {holder}")


def test_nobody_renames_a_stranger() -> None:
    given().when(rename, name="Eve").then_rejected("no such contact", Unknown)
