"""The directory, folded from facts into real rows and searched."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.projection import MalformedCursor, Page, PageRequest, prepare
from crm.chassis.testing.shelf import feed_of
from crm.chassis.testing.views import Records, from_log
from crm.contacts.account_list import account_list
from crm.contacts.belonging import belonging
from crm.contacts.directory import Entry, directory
from crm.contacts.searching import Filter, search
from crm.events import Fact
from crm.events.accounts import AccountRegistered
from crm.events.attributes import AttributeCleared, AttributeSet, PersonalAttributeSet
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactErased,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged
from crm.events.particulars import Phone, PostalAddress
from crm.events.profiles import (
    ContactArchived,
    ContactAssigned,
    ContactConfirmed,
    ContactReactivated,
    ContactTagged,
    ContactUntagged,
)

Tell = Callable[..., UUID]
ALL = PageRequest(limit=100)
TODAY = date(2026, 1, 1)


@pytest.fixture
def tell(db: Database) -> Tell:
    """Records facts of one contact and lets the view apply them."""
    records = Records()
    with db.connection() as connection:
        prepare(connection, [account_list, belonging])  # a search looks at accounts as well
    feed = feed_of(db, records, directory, "contacts")

    def record(*facts: Fact, stream: UUID | None = None) -> UUID:
        stream = stream or uuid4()
        feed.take(from_log(records.record(stream, *facts)))
        return stream

    return record


def find(db: Database, text: str, page: PageRequest, **only: Any) -> Page[Entry]:
    return search(db, text, Filter(**only), page, today=TODAY)


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


def test_a_word_that_is_misspelt_or_sounds_alike_finds_people_after_those_it_names(db: Database, tell: Tell) -> None:
    for name in ("Anna Meyer", "Bert Maier", "Carla Meier", "Doris Schmidt", "Meierhof Verwaltung", "Stefan Schmitt"):
        tell(ContactRegistered(name=name))
    assert names(db, "meier")[:2] == ["Carla Meier", "Meierhof Verwaltung"]
    assert {*names(db, "meier")} == {"Carla Meier", "Meierhof Verwaltung", "Anna Meyer", "Bert Maier"}
    assert names(db, "Stephan Schmid") == ["Stefan Schmitt"]
    assert names(db, "shcmidt") == ["Doris Schmidt", "Stefan Schmitt"]
    assert names(db, "bert meier") == ["Bert Maier"]
    assert names(db, "xy") == []


def test_a_number_is_found_by_its_digits_however_it_is_written(db: Database, tell: Tell) -> None:
    ada = tell(ContactRegistered(name="Ada", phones=[Phone("030 / 90 18 20", "+4930901820")]))
    for text in ("030 901820", "+49 30 901820", "0049 (30) 9018-20", "901820"):
        assert names(db, text) == ["Ada"], text
    tell(ContactPhoneRemoved(phone="030 / 90 18 20"), ContactPhoneAdded(phone="040 1234", e164="+49401234"), stream=ada)
    assert (names(db, "030 901820"), names(db, "+49 40 1234")) == ([], ["Ada"])


def test_people_are_found_by_their_city(db: Database, tell: Tell) -> None:
    ada = tell(ContactRegistered(name="Ada", address=PostalAddress(city="Zürich")))
    assert names(db, "zurich") == ["Ada"]
    tell(ContactMoved(address=PostalAddress(city="Oslo")), stream=ada)
    assert (names(db, "zurich"), names(db, "ada oslo")) == ([], ["Ada"])


def test_pages_by_similarity_have_a_stable_cursor(db: Database, tell: Tell) -> None:
    for name in ("Meier", "Maier", "Meyer", "Mayer", "Meierhof", "Obermeier"):
        tell(ContactRegistered(name=name))
    whole, paged, cursor = names(db, "meier"), [], None
    while True:
        page = find(db, "meier", PageRequest(limit=2, cursor=cursor))
        paged += [each.name for each in page.items]
        tell(ContactRegistered(name=f"Meier {len(paged)}"))  # before every place that comes now
        if (cursor := page.next) is None:
            break
    assert whole[:3] == ["Meier", "Meierhof", "Obermeier"]
    assert [each for each in paged if each in whole] == whole
    with pytest.raises(MalformedCursor):
        find(db, "", PageRequest(limit=2, cursor=find(db, "meier", PageRequest(limit=2)).next))


def test_archived_people_are_left_out_unless_asked_for(db: Database, tell: Tell) -> None:
    ada = tell(ContactRegistered(name="Ada"), ContactArchived())
    tell(ContactRegistered(name="Bob"))
    assert names(db, "") == ["Bob"]
    assert [each.name for each in find(db, "", ALL, archived=True).items] == ["Ada"]
    assert [each.name for each in find(db, "", ALL, archived=None).items] == ["Ada", "Bob"]
    tell(ContactReactivated(), stream=ada)
    assert names(db, "") == ["Ada", "Bob"]


def test_people_are_filtered_by_what_they_have(db: Database, tell: Tell) -> None:
    size = PersonalAttributeSet(
        attribute="size", label="Size", kind="many-choice", values=["s", "m"], definitions_version=1
    )
    ada = tell(ContactRegistered(name="Ada"), ContactTagged(tag="vip"), ContactAssigned(owner="mia"), size)
    bob = tell(ContactRegistered(name="Bob", provisional=True), ContactTagged(tag="vip"), ContactUntagged(tag="vip"))
    for only, expected in (
        ({"tag": "vip"}, ["Ada"]),
        ({"owner": "mia"}, ["Ada"]),
        ({"provisional": True}, ["Bob"]),
        ({"provisional": False}, ["Ada"]),
        ({"attributes": {"size": ["m"]}}, ["Ada"]),
        ({"attributes": {"size": ["l"]}}, []),
        ({"attributes": {"hat": ["m"]}}, []),
    ):
        assert [each.name for each in find(db, "", ALL, **only).items] == expected, only
    tell(ContactConfirmed(), stream=bob)
    tell(AttributeCleared(attribute="size", label="Size"), stream=ada)
    assert find(db, "", ALL, provisional=True).items == ()
    assert find(db, "", ALL, attributes={"size": ["m"]}).items == ()


def test_attributes_of_accounts_make_no_entry(db: Database, tell: Tell) -> None:
    sector = AttributeSet(attribute="sector", label="Sector", kind="text", values=["Tools"], definitions_version=1)
    tell(AccountRegistered(name="Acme"), sector)
    assert directory.select(db) == []
