"""A service's own copy of contacts, folded from facts."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.people.copy import CopyOfContacts
from crm.chassis.people.identity import Identifier
from crm.chassis.people.known import Holders, KnownContact, KnownContacts, Somebody, provisional_contact_id
from crm.chassis.people.permissions import Permissions
from crm.chassis.people.persons import as_persons
from crm.chassis.testing.shelf import feed_of
from crm.chassis.testing.views import Records, from_topic
from crm.events import Fact
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactPrimaryEmailChanged,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.identifiers import IdentifierClaimed, IdentifierReleased
from crm.events.imports import ContactWithdrawn
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import Phone, PostalAddress

Listening = Callable[[Any], Callable[..., UUID]]
EMAIL, PHONE = Identifier("email", "ada@example.com"), Identifier("phone", "+4930901820")


def test_everybody_mints_the_same_id_for_somebody_unknown() -> None:
    keys = MemoryKeys()
    other = Identifier("email", "bob@example.com")
    assert provisional_contact_id(keys, EMAIL) == provisional_contact_id(keys, EMAIL)
    assert provisional_contact_id(keys, EMAIL) != provisional_contact_id(keys, other)


def test_c13_who_was_erased_and_comes_back_is_somebody_new() -> None:
    keys = MemoryKeys()
    first = provisional_contact_id(keys, EMAIL)
    keys.destroy(first)
    second = provisional_contact_id(keys, EMAIL)
    assert second != first
    assert provisional_contact_id(keys, EMAIL) == second


def test_an_identifier_is_found_by_its_keyed_hash(db: Database, keys: MemoryKeys, listening: Listening) -> None:
    holders = Holders()
    tell, ada = listening(holders), uuid4()
    (claim,) = keys.claim_ids(*EMAIL)
    tell(IdentifierClaimed(kind="email", holder=ada), stream=claim)
    assert holders.find(db, keys, EMAIL) == ada
    assert holders.find(db, keys, PHONE) is None
    assert [each.claim for each in holders.select(db)] == [claim]
    tell(IdentifierReleased(kind="email", holder=ada), stream=claim)
    assert holders.find(db, keys, EMAIL) is None


def test_somebody_is_recognised_by_what_they_give_or_minted_from_it(
    db: Database, keys: MemoryKeys, listening: Listening
) -> None:
    holders = Holders()
    tell, ada = listening(holders), uuid4()
    tell(IdentifierClaimed(kind="phone", holder=ada), stream=keys.claim_ids(*PHONE)[0])
    assert holders.recognise(db, keys, [EMAIL, PHONE]) == Somebody(ada, provisional=False)
    minted = provisional_contact_id(keys, EMAIL)
    assert holders.recognise(db, keys, [EMAIL]) == Somebody(minted, provisional=True)
    assert holders.recognise(db, keys, []) is None


def test_the_copy_follows_what_happens(db: Database, listening: Listening) -> None:
    known = KnownContacts()
    tell = listening(known)
    ada = tell(ContactRegistered(name="Ada", emails=["a@one.example"], phones=[Phone("1", "+491")], provisional=True))
    oslo = PostalAddress(city="Oslo", country="NO")
    tell(
        ContactRenamed(name="Ada King"),
        ContactMoved(address=oslo),
        ContactEmailAdded(email="a@two.example"),
        ContactEmailAdded(email="a@three.example"),
        ContactPrimaryEmailChanged(email="a@three.example"),
        ContactEmailRemoved(email="a@one.example"),
        ContactPhoneAdded(phone="2"),
        stream=ada,
    )
    emails = ("a@three.example", "a@two.example")
    assert known.get(db, ada) == KnownContact(ada, "Ada King", emails, ("1", "2"), oslo, provisional=True)


def test_c13_of_an_erased_person_an_empty_row_stays(db: Database, listening: Listening) -> None:
    known = KnownContacts()
    tell = listening(known)
    ada = tell(ContactRegistered(name="Ada", emails=["a@one.example"], phones=[Phone("1")]), ContactErased())
    assert known.get(db, ada) == KnownContact(ada, "[erased]", (), (), None, provisional=False, erased=True)


def test_c12_who_was_taken_back_with_an_import_has_no_row(db: Database, listening: Listening) -> None:
    known = KnownContacts()
    tell = listening(known)
    ada = tell(ContactRegistered(name="Ada"), ContactWithdrawn(import_id=uuid4()))
    assert known.get(db, ada) is None


def test_aliases_have_no_row(db: Database, listening: Listening) -> None:
    known = KnownContacts()
    tell = listening(known)
    alias = tell(ContactIdentified(holder=uuid4()))
    assert known.get(db, alias) is None


def test_c7_consent_counts_when_it_is_granted_and_withdrawn_under_no_id(db: Database, listening: Listening) -> None:
    permissions = Permissions()
    tell, ada, alias = listening(permissions), uuid4(), uuid4()

    def allows(*ids: UUID) -> bool:
        return permissions.allows(db, ids, "email", "marketing")

    assert not allows(ada)
    granted = ConsentGranted(contact=ada, channel="email", purpose="marketing", wording_version="1", source="form")
    consent = tell(granted)
    assert allows(ada)
    assert allows(ada, alias)
    assert not permissions.allows(db, [ada], "sms", "marketing")
    assert not permissions.allows(db, [ada], "email", "survey")
    tell(ConsentWithdrawn(contact=alias, channel="email", purpose="marketing", source="mail"))
    assert not allows(ada, alias)
    assert allows(ada)
    tell(ConsentWithdrawn(contact=ada, channel="email", purpose="marketing", source="mail"), stream=consent)
    assert not allows(ada)


def test_c8_a_person_is_known_by_what_all_ids_are_known_by(db: Database, keys: MemoryKeys) -> None:
    people, records = CopyOfContacts(), Records(keys)
    feeds = [feed_of(db, records, each, "contacts") for each in (people.known, people.aliases)]

    def tell(*facts: Fact, stream: UUID | None = None) -> UUID:
        sealed = records.record(stream or uuid4(), *facts)
        for feed in feeds:
            feed.take(from_topic(sealed, first=len(records.log)))
        return sealed[0].stream

    ada = tell(ContactRegistered(name="Ada", emails=["ada@x.example"]))
    bob = tell(ContactRegistered(name="A. King", emails=["king@x.example"], address=PostalAddress(city="Oslo")))
    merge_id = uuid4()
    choices = {"name": bob, "primary_email": ada}
    tell(ContactAbsorbed(merge_id=merge_id, survivor=ada), stream=bob)
    tell(
        ContactsMerged(merge_id=merge_id, survivor=ada, absorbed=[bob], stream_versions={}, field_choices=choices),
        stream=ada,
    )

    def person() -> KnownContact:
        (found,) = as_persons(db, people.known, people.aliases, people.known.select(db, "contact_id = %s", (ada,)))
        return found

    assert (person().name, person().emails) == ("A. King", ("ada@x.example", "king@x.example"))
    assert person().address == PostalAddress(city="Oslo")
    assert people.names(db, [ada, bob]) == {ada: "A. King", bob: "A. King"}
    tell(MergedFieldChosen(field="name", source=ada), stream=ada)
    tell(MergedFieldChosen(field="primary_email", source=bob), stream=ada)
    assert (person().name, person().emails[0]) == ("Ada", "king@x.example")
    tell(ContactRestored(merge_id=merge_id, survivor=ada), stream=bob)
    tell(ContactsUnmerged(merge_id=merge_id, restored=[bob], reason="Two people"), stream=ada)
    assert people.names(db, [ada, bob]) == {ada: "Ada", bob: "A. King"}
