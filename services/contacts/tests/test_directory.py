"""The directory, folded from facts into real rows and searched."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.projection import PageRequest
from crm.chassis.testing.shelf import feed_of
from crm.chassis.testing.views import Records, from_log
from crm.contacts.directory import directory, find
from crm.events import Fact
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged
from crm.events.particulars import Phone, PostalAddress

Tell = Callable[..., UUID]
ALL = PageRequest(limit=100)


@pytest.fixture
def tell(db: Database) -> Tell:
    """Records facts of one contact and lets the view apply them."""
    records = Records()
    feed = feed_of(db, records, directory, "contacts")

    def record(*facts: Fact, stream: UUID | None = None) -> UUID:
        stream = stream or uuid4()
        feed.take(from_log(records.record(stream, *facts)))
        return stream

    return record


def names(db: Database, text: str) -> list[str]:
    return [each.name for each in find(db, text, ALL).items]


def test_people_are_found_by_every_word_of_names_and_addresses(db: Database, tell: Tell) -> None:
    tell(ContactRegistered(name="Ada Lovelace", emails=["ada@analytical.example"]))
    tell(ContactRegistered(name="Zoë Müller", emails=["zm@example.com"]))
    tell(ContactRegistered(name="100% Real_Ltd"))
    for text, expected in {
        "": ["100% Real_Ltd", "Ada Lovelace", "Zoë Müller"],
        "love ADA": ["Ada Lovelace"],
        "analytical": ["Ada Lovelace"],
        "muller": ["Zoë Müller"],
        "MÜLLER zoe": ["Zoë Müller"],
        "ada muller": [],
        "0%": ["100% Real_Ltd"],
        "l_l": ["100% Real_Ltd"],
        "_": ["100% Real_Ltd"],
        "\\": [],
    }.items():
        assert sorted(names(db, text)) == sorted(expected), text


def test_the_directory_follows_what_happens(db: Database, tell: Tell) -> None:
    ada = tell(ContactRegistered(name="Ada", emails=["a@one.example"], phones=[Phone("1"), Phone("2")]))
    tell(
        ContactRenamed(name="Ada King"),
        ContactEmailAdded(email="a@two.example"),
        ContactPrimaryEmailChanged(email="a@two.example"),
        ContactEmailRemoved(email="a@one.example"),
        ContactPhoneAdded(phone="3"),
        ContactPrimaryPhoneChanged(phone="2"),
        ContactMoved(address=PostalAddress(city="Oslo", country="NO")),
        stream=ada,
    )
    (entry,) = find(db, "king", ALL).items
    assert (entry.contact_id, entry.emails, entry.phones) == (ada, ("a@two.example",), ("2", "1", "3"))
    assert (entry.city, entry.country) == ("Oslo", "NO")
    assert names(db, "one.example") == []
    tell(ContactMoved(address=None), stream=ada)
    assert find(db, "king", ALL).items[0].city is None


def test_pages_have_a_stable_cursor(db: Database, tell: Tell) -> None:
    for each in "cadbe":
        tell(ContactRegistered(name=each, emails=[f"{each}@example.com"]))
    first = find(db, "example", PageRequest(limit=2))
    assert [each.name for each in first.items] == ["a", "b"]
    tell(ContactRegistered(name="aa", emails=["aa@example.com"]))
    second = find(db, "example", PageRequest(limit=2, cursor=first.next))
    assert [each.name for each in second.items] == ["c", "d"]
    last = find(db, "example", PageRequest(limit=2, cursor=second.next))
    assert ([each.name for each in last.items], last.next) == (["e"], None)


def test_c13_aliases_and_erased_people_are_not_listed(db: Database, tell: Tell) -> None:
    tell(ContactIdentified(holder=uuid4()))
    ada = tell(ContactRegistered(name="Ada", emails=["ada@example.com"]))
    tell(ContactErased(), stream=ada)
    assert names(db, "") == []
    assert directory.select(db) == []


def test_c8_a_person_is_listed_once_and_found_by_any_id(db: Database, tell: Tell) -> None:
    ada = tell(ContactRegistered(name="Ada", emails=["ada@one.example"]))
    bob = tell(ContactRegistered(name="A. King", emails=["king@two.example"]))
    merge_id = uuid4()
    merged = ContactsMerged(
        merge_id=merge_id, survivor=ada, absorbed=[bob], stream_versions={}, field_choices={"name": bob}
    )
    tell(ContactAbsorbed(merge_id=merge_id, survivor=ada), stream=bob)
    tell(merged, stream=ada)
    for text in ("", "ada", "king", "two.example"):
        (person,) = find(db, text, ALL).items
        assert (person.contact_id, person.name) == (ada, "A. King"), text
        assert person.emails == ("ada@one.example", "king@two.example")
    tell(ContactRenamed(name="Ada Lovelace"), stream=ada)
    assert names(db, "king") == ["Ada Lovelace"]
    tell(ContactRestored(merge_id=merge_id, survivor=ada), stream=bob)
    tell(ContactsUnmerged(merge_id=merge_id, restored=[bob], reason="Two people"), stream=ada)
    assert names(db, "") == ["A. King", "Ada Lovelace"]
    assert names(db, "king") == ["A. King"]
