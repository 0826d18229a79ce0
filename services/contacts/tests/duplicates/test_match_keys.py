"""What is compared, as facts change it; and the queue of pairs."""

from datetime import date
from uuid import uuid4

from msgspec.structs import replace

from crm.chassis.testing.views import recorded
from crm.contacts.duplicates.match_keys import Comparable, match_keys
from crm.contacts.duplicates.queue import duplicates
from crm.events import Fact
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPhoneVerified,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.duplicates import (
    DuplicateApproved,
    DuplicateDismissed,
    DuplicateMerged,
    DuplicateSuggested,
    DuplicateUnmerged,
    DuplicateWithdrawn,
)
from crm.events.particulars import Phone, PostalAddress
from crm.events.profiles import ContactBirthdayRecorded
from crm.events.sharing import IdentifierShared, IdentifierUnshared

ADA = uuid4()
ada = ContactRegistered(
    name="Ada Lovelace", emails=["ada.lovelace@example.org"], phones=[Phone("030 1234567", "+49301234567")]
)


def row(*facts: Fact) -> Comparable | None:
    return match_keys.fold(recorded(ADA, fact, at) for at, fact in enumerate((ada, *facts), 1)).get(ADA)


def keys(*facts: Fact) -> set[str]:
    found = row(*facts)
    assert found
    return set(found.keys)


def test_c5_keys_follow_what_is_known() -> None:
    assert {"eadalovelace", "t1234567", "nada lovelace"} <= keys()
    assert "nada byron" in keys(ContactRenamed(name="Ada Byron"))
    assert "nada lovelace" not in keys(ContactRenamed(name="Ada Byron"))
    moved = keys(ContactMoved(address=PostalAddress("Weg 5", "10115", "Berlin")))
    assert "a10115:5:weg" in moved
    assert keys(ContactMoved(address=PostalAddress("Weg 5", "10115", "Berlin")), ContactMoved(address=None)) == keys()


def test_c3_what_several_people_have_is_neither_compared_nor_proof() -> None:
    address, number = "ada.lovelace@example.org", "030 1234567"
    verified = (ContactEmailVerified(email=address), ContactPhoneVerified(phone=number))
    shared = (IdentifierShared(kind="email", value=address), IdentifierShared(kind="phone", value=number))
    plain, several = row(*verified), row(*verified, *shared)
    assert plain
    assert several
    assert (len(plain.traits.mails), len(plain.traits.phones), len(plain.traits.verified)) == (1, 1, 2)
    assert (several.traits.mails, several.traits.phones, several.traits.verified) == ((), (), frozenset())
    assert not {"eadalovelace", "t1234567"} & set(several.keys)
    taken_back = (IdentifierUnshared(kind="email", value=address), IdentifierUnshared(kind="phone", value=number))
    again = row(*verified, *shared, *taken_back)
    assert again
    assert (again.traits, again.keys) == (plain.traits, plain.keys)


def test_c3_what_was_borrowed_from_the_start_is_not_compared() -> None:
    found = match_keys.fold(
        [
            recorded(ADA, replace(ada, shared=["030 1234567"]), 1),
            recorded(ADA, ContactEmailAdded(email="house@example.org", shared=True), 2),
            recorded(ADA, ContactPhoneAdded(phone="040 7654321", e164="+49407654321", shared=True), 3),
        ]
    )[ADA]
    assert (len(found.traits.mails), found.traits.phones) == (1, ())
    assert found.several == ("030 1234567", "house@example.org", "040 7654321")


def test_c5_a_birthday_is_compared_and_can_be_taken_back() -> None:
    born = ContactBirthdayRecorded(birthday=date(1815, 12, 10))
    assert {"d18151210:a", "d18151210:l"} <= keys(born)
    assert keys(born, ContactBirthdayRecorded(birthday=None)) == keys()


def test_c5_addresses_and_numbers_come_and_go() -> None:
    assert "ecountess" in keys(ContactEmailAdded(email="countess@example.org"))
    assert "eadalovelace" not in keys(ContactEmailRemoved(email="ada.lovelace@example.org"))
    added = ContactPhoneAdded(phone="040 7654321", e164="+49407654321")
    assert "t7654321" in keys(added)
    assert keys(added, ContactPhoneRemoved(phone="040 7654321")) == keys()


def test_c5_verified_identifiers_are_compared_by_their_match_key() -> None:
    verified = (ContactEmailVerified(email="ada.lovelace@example.org"), ContactPhoneVerified(phone="030 1234567"))
    found = row(*verified)
    assert found
    assert found.traits.verified == {"email:ada.lovelace@example.org", "phone:+49301234567"}
    gone = row(*verified, ContactEmailRemoved(email="ada.lovelace@example.org"))
    assert gone
    assert gone.traits.verified == {"phone:+49301234567"}


def test_c13_erased_people_and_recognised_ids_resemble_nobody() -> None:
    assert row(ContactErased()) is None
    assert row(ContactIdentified(holder=uuid4())) is None


def test_c5_the_queue_shows_what_was_decided_last() -> None:
    case, merge_id = uuid4(), uuid4()
    suggested = DuplicateSuggested(
        first=uuid4(), second=uuid4(), score=0.95, rule="likeness", evidence=["street: same"]
    )

    def status(*facts: Fact) -> str:
        return duplicates.fold(recorded(case, fact, at) for at, fact in enumerate((suggested, *facts), 1))[case].status

    assert status() == "suggested"
    assert status(DuplicateWithdrawn()) == "withdrawn"
    assert status(DuplicateDismissed()) == "dismissed"
    assert status(DuplicateApproved()) == "approved"
    assert status(DuplicateMerged(merge_id=merge_id)) == "merged"
    assert status(DuplicateMerged(merge_id=merge_id), DuplicateUnmerged(merge_id=merge_id)) == "dismissed"
    assert status(DuplicateWithdrawn(), suggested) == "suggested"
