"""How a contact is reached: e-mail addresses (C1) and telephone numbers (C2)."""

from crm.chassis.decider import Erased, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts import reach
from crm.contacts.contact import contacts
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactErased,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPhoneVerified,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
    ContactRegistered,
)
from crm.events.particulars import Phone

given = scenarios(contacts)
berlin, rio = Phone("030 901820", "+4930901820"), Phone("+55 11 98765-4321", "+5511987654321")
ada = ContactRegistered(name="Ada", emails=["ada@old.example", "ada@home.example"], phones=[berlin, rio])


def test_adding_an_address_keeps_it_as_entered() -> None:
    given(ada).when(reach.add_email, email=" Ada@New.example").then(ContactEmailAdded(email="Ada@New.example"))


def test_c1_an_address_in_another_spelling_is_the_same() -> None:
    given(ada).when(reach.add_email, email="ADA@OLD.EXAMPLE").then_nothing()
    given(ada).when(reach.verify_email, email="ADA@old.example").then(ContactEmailVerified(email="ada@old.example"))
    given(ada).when(reach.remove_email, email="Ada@Old.Example").then(ContactEmailRemoved(email="ada@old.example"))


def test_c1_what_is_no_address_is_not_added() -> None:
    given(ada).when(reach.add_email, email="ada").then_rejected("not an e-mail address")


def test_the_first_address_is_primary_until_another_one_is() -> None:
    given(ada).when(reach.make_email_primary, email="ada@old.example").then_nothing()
    changed = ContactPrimaryEmailChanged(email="ada@home.example")
    given(ada).when(reach.make_email_primary, email="ada@home.example").then(changed)
    given(ada, changed).when(reach.make_email_primary, email="ada@home.example").then_nothing()
    contact = contacts.fold((ada, changed))
    assert contact and contact.emails == ("ada@home.example", "ada@old.example")


def test_an_address_is_verified_once_and_no_longer_when_it_came_back() -> None:
    verified, removed = ContactEmailVerified(email="ada@old.example"), ContactEmailRemoved(email="ada@old.example")
    given(ada, verified).when(reach.verify_email, email="ada@old.example").then_nothing()
    given(ada, verified, removed, ContactEmailAdded(email="ada@old.example")).when(
        reach.verify_email, email="ada@old.example"
    ).then(verified)


def test_an_address_somebody_has_not_is_refused() -> None:
    for command in (reach.verify_email, reach.remove_email, reach.make_email_primary):
        given(ada).when(command, email="x@y.example").then_rejected("no such e-mail address")
        given().when(command, email="x@y.example").then_rejected("no such contact", Unknown)


def test_c2_a_number_is_found_in_any_national_variant() -> None:
    old_way = Phone("(11) 8765-4321", "+551187654321")
    given(ada).when(reach.add_phone, phone=old_way).then_nothing()
    given(ada).when(reach.verify_phone, phone=old_way).then(ContactPhoneVerified(phone=rio.entered))
    given(ada).when(reach.make_phone_primary, phone=old_way).then(ContactPrimaryPhoneChanged(phone=rio.entered))
    given(ada).when(reach.remove_phone, phone=old_way).then(ContactPhoneRemoved(phone=rio.entered))


def test_c2_an_unreadable_number_is_kept_as_entered() -> None:
    added = ContactPhoneAdded(phone="reception", e164=None)
    given(ada).when(reach.add_phone, phone=Phone("reception")).then(added)
    given(ada, added).when(reach.add_phone, phone=Phone("reception")).then_nothing()
    given(ada, added).when(reach.remove_phone, phone=Phone("reception")).then(ContactPhoneRemoved(phone="reception"))


def test_a_number_must_be_there() -> None:
    given(ada).when(reach.add_phone, phone=Phone("")).then_rejected("missing")
    for command in (reach.verify_phone, reach.remove_phone, reach.make_phone_primary):
        given(ada).when(command, phone=Phone("1", None)).then_rejected("no such telephone number")


def test_c13_an_erased_person_is_not_reached() -> None:
    given(ada, ContactErased()).when(reach.add_email, email="x@y.example").then_rejected("was erased", Erased)
    given(ada, ContactErased()).when(reach.add_phone, phone=berlin).then_rejected("was erased", Erased)


def test_c13_what_an_erasure_left_of_the_facts_still_folds() -> None:
    erased = (
        ContactRegistered(name="[erased]"),
        ContactEmailVerified(email="[erased]"),
        ContactPrimaryEmailChanged(email="[erased]"),
        ContactEmailRemoved(email="[erased]"),
        ContactPhoneRemoved(phone="[erased]"),
        ContactPrimaryPhoneChanged(phone="[erased]"),
        ContactErased(),
    )
    contact = contacts.fold(erased)
    assert contact and contact.erased
