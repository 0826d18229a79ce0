"""The rules of a contact's details: who takes care, tags, archive, further addresses, handles, and ids let go."""

from datetime import date
from uuid import uuid4

import pytest

from crm.chassis.decider import Erased, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts import details_record as record
from crm.contacts.attribute_record import InForce
from crm.contacts.contact import contacts
from crm.contacts.details import Handle
from crm.events.contacts import (
    ContactEmailAdded,
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactRegistered,
    ContactRenamed,
    ExternalIdLinked,
)
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.profiles import (
    ContactArchived,
    ContactAssigned,
    ContactBirthdayRecorded,
    ContactConfirmed,
    ContactLanguageChanged,
    ContactReactivated,
    ContactTagged,
    ContactTimeZoneChanged,
    ContactUntagged,
    ExternalIdUnlinked,
    FurtherAddressRecorded,
    FurtherAddressRemoved,
    SocialHandleLinked,
    SocialHandleUnlinked,
)

given = scenarios(contacts)
ada = ContactRegistered(name="Ada", external_ids=[ExternalId("Shop", "4711")])
OSLO = PostalAddress(city="Oslo")


def test_somebody_heard_of_becomes_a_contact_by_decision() -> None:
    heard = ContactRegistered(name="ada@example.com", provisional=True)
    given(heard).when(record.confirm).then(ContactConfirmed())
    given(heard, ContactConfirmed()).when(record.confirm).then_nothing()
    given(ada).when(record.confirm).then_nothing()


def test_details_are_facts_of_their_own_and_null_takes_them_away() -> None:
    details = {"owner": "mia", "birthday": date(1815, 12, 10), "language": "en-GB", "time_zone": "Europe/London"}
    facts = (
        ContactAssigned(owner="mia"),
        ContactBirthdayRecorded(birthday=date(1815, 12, 10)),
        ContactLanguageChanged(language="en-GB"),
        ContactTimeZoneChanged(time_zone="Europe/London"),
    )
    given(ada).when(record.detail, changes=details).then(*facts)
    given(ada, *facts).when(record.detail, changes=details).then_nothing()
    given(ada, *facts).when(record.detail, changes={"owner": None}).then(ContactAssigned(owner=None))
    given(ada).when(record.detail, changes={"owner": None}).then_nothing()


def test_tags_are_put_on_once_and_taken_off() -> None:
    given(ada).when(record.tag, tag="vip").then(ContactTagged(tag="vip"))
    given(ada, ContactTagged(tag="vip")).when(record.tag, tag="vip").then_nothing()
    given(ada, ContactTagged(tag="vip")).when(record.untag, tag="vip").then(ContactUntagged(tag="vip"))
    given(ada).when(record.untag, tag="vip").then_nothing()
    many = [ContactTagged(tag=f"tag {number}") for number in range(record.MOST_TAGS)]
    given(ada, *many).when(record.tag, tag="one more").then_rejected("at most 100 tags")


def test_who_is_archived_can_be_written_to_and_comes_back() -> None:
    given(ada).when(record.archive, reason="moved").then(ContactArchived(reason="moved"))
    given(ada, ContactArchived()).when(record.archive).then_nothing()
    given(ada, ContactArchived()).when(record.tag, tag="vip").then(ContactTagged(tag="vip"))
    given(ada, ContactArchived()).when(record.reactivate).then(ContactReactivated())
    given(ada).when(record.reactivate).then_nothing()


def test_there_is_one_further_address_per_label() -> None:
    work = FurtherAddressRecorded(label="work", address=OSLO)
    given(ada).when(record.keep_address, label="work", address=OSLO).then(work)
    given(ada, work).when(record.keep_address, label="work", address=OSLO).then_nothing()
    bergen = PostalAddress(city="Bergen")
    given(ada, work).when(record.keep_address, label="work", address=bergen).then(
        FurtherAddressRecorded(label="work", address=bergen)
    )
    given(ada, work).when(record.drop_address, label="work").then(FurtherAddressRemoved(label="work"))
    given(ada).when(record.drop_address, label="work").then_rejected("no further address")


def test_c3_a_handle_is_claimed_in_lower_case_without_its_sign() -> None:
    linked = SocialHandleLinked(network="mastodon", handle="@Ada@Maths.example")
    given(ada).when(record.link_handle, handle=Handle("mastodon", "@Ada@Maths.example")).then(linked)
    given(ada, linked).when(record.link_handle, handle=Handle("mastodon", "ada@maths.example")).then_nothing()
    given(ada, linked).when(record.unlink_handle, handle=Handle("mastodon", "ADA@maths.example")).then(
        SocialHandleUnlinked(network="mastodon", handle="@Ada@Maths.example")
    )
    given(ada).when(record.unlink_handle, handle=Handle("mastodon", "ada")).then_rejected("no such handle")
    contact = contacts.fold((ada, linked))
    assert contacts.claims and contact
    assert ("social_handle", "mastodon:ada@maths.example") in contacts.claims(contact)


def test_an_id_of_another_system_is_let_go() -> None:
    gone = ExternalIdUnlinked(system="Shop", id="4711")
    given(ada).when(record.unlink_external_id, external_id=ExternalId("shop", "4711")).then(gone)
    given(ada, gone).when(record.unlink_external_id, external_id=ExternalId("shop", "4711")).then_rejected("no such id")
    contact = contacts.fold((ada, gone))
    assert contacts.claims and contact
    assert contacts.claims(contact) == set()


def test_c12_what_another_system_tells_adds_what_is_new_and_leaves_the_rest() -> None:
    known = (ada, ContactEmailAdded(email="Ada@example.com"))
    told = {
        "name": "Ada King",
        "emails": ["ada@EXAMPLE.com", "ada@new.example", "Ada@New.example"],
        "phones": [Phone("030 901820", "+4930901820")],
        "address": OSLO,
        "external_ids": [ExternalId("shop", "4711"), ExternalId("erp", "7")],
        "attributes": {},
        "rules": InForce(),
    }
    given(*known).when(record.refresh, **told).then(
        ContactRenamed(name="Ada King"),
        ContactMoved(address=OSLO),
        ContactEmailAdded(email="ada@new.example"),
        ContactPhoneAdded(phone="030 901820", e164="+4930901820"),
        ExternalIdLinked(system="erp", id="7"),
    )
    nothing = {"name": None, "emails": [], "phones": [], "address": None, "external_ids": [], "attributes": {}}
    given(*known).when(record.refresh, **nothing, rules=InForce()).then_nothing()


@pytest.mark.parametrize("command", [record.confirm, record.archive, record.reactivate])
def test_c8_c13_nothing_is_recorded_of_strangers_aliases_and_the_erased(command: object) -> None:
    assert callable(command)
    given().when(command).then_rejected("no such contact", Unknown)
    given(ada, ContactErased()).when(command).then_rejected("was erased", Erased)
    given(ContactIdentified(holder=uuid4())).when(command).then_rejected("alias of contact")


def test_c13_of_an_erased_person_no_profile_is_left() -> None:
    contact = contacts.fold((ada, ContactTagged(tag="vip"), ContactErased()))
    assert contact
    assert contact.tags == ()
