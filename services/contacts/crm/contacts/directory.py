"""The directory: one row per contact, as the list and search pages need it. Erased people are not in it.

Rows are kept by original id. A person is listed once, under the canonical one, and found by what any id is known by.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from uuid import UUID

from crm.chassis.people.known import changed
from crm.chassis.people.merges import Merges
from crm.chassis.projection import Db, Page, PageRequest, Subject, View
from crm.contacts.contact import Contact
from crm.contacts.family import Family
from crm.contacts.persons import canonical_ids, families
from crm.contacts.survivorship import compose
from crm.events import Fact, Personal, Recorded
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
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import Phone, PostalAddress

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True)
class Entry:
    """A contact in a list. The first e-mail address and number are the primary ones."""

    contact_id: Subject
    name: Personal[str]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]
    city: Personal[str | None]
    country: Personal[str | None]
    provisional: bool
    searched: Personal[str]
    """The name and the addresses, in lower case and without accents."""
    alias_of: UUID | None = None
    merges: Merges = field(default_factory=Merges)


directory = View(
    "directory",
    Entry,
    key="contact_id",
    version=2,
    indexes=("searched gin_trgm_ops", "name, contact_id", "alias_of"),
)


def entry(
    contact_id: UUID,
    name: str,
    emails: tuple[str, ...],
    phones: tuple[str, ...],
    address: PostalAddress | None,
    provisional: bool,
) -> Entry:
    """An entry with all that follows from its parts."""
    city, country = (address.city, address.country) if address else (None, None)
    return searchable(Entry(contact_id, name, emails, phones, city, country, provisional, ""))


def searchable(row: Entry) -> Entry:
    return replace(row, searched=plain(" ".join((row.name, *row.emails))))


@directory.on(ContactRegistered)
def add(_: Entry | None, e: Recorded[ContactRegistered]) -> Entry:
    f = e.fact
    phones = tuple(each.entered for each in f.phones)
    return entry(e.stream, f.name, tuple(f.emails), phones, f.address, f.provisional)


@directory.on(ContactRenamed)
def rename(row: Entry, e: Recorded[ContactRenamed]) -> Entry:
    return searchable(replace(row, name=e.fact.name, merges=row.merges.choose_own("name")))


@directory.on(ContactMoved)
def move(row: Entry, e: Recorded[ContactMoved]) -> Entry:
    address = e.fact.address or PostalAddress()
    return replace(row, city=address.city, country=address.country, merges=row.merges.choose_own("address"))


@directory.on(ContactEmailAdded, ContactEmailRemoved, ContactPrimaryEmailChanged)
def readdress(row: Entry, e: Recorded[ContactEmailAdded | ContactEmailRemoved | ContactPrimaryEmailChanged]) -> Entry:
    first = isinstance(e.fact, ContactPrimaryEmailChanged)
    merges = row.merges.choose_own("primary_email") if first else row.merges
    return searchable(replace(row, emails=changed(row.emails, e.fact, e.fact.email), merges=merges))


@directory.on(ContactPhoneAdded, ContactPhoneRemoved, ContactPrimaryPhoneChanged)
def renumber(row: Entry, e: Recorded[ContactPhoneAdded | ContactPhoneRemoved | ContactPrimaryPhoneChanged]) -> Entry:
    first = isinstance(e.fact, ContactPrimaryPhoneChanged)
    merges = row.merges.choose_own("primary_phone") if first else row.merges
    return replace(row, phones=changed(row.phones, e.fact, e.fact.phone), merges=merges)


@directory.on(ContactErased, ContactIdentified)
def strike_out(_: Entry | None, e: Recorded[ContactErased | ContactIdentified]) -> None:
    """Nobody finds them here any more."""


@directory.on(ContactsMerged, ContactsUnmerged, MergedFieldChosen)
def gather(row: Entry, e: Recorded[ContactsMerged | ContactsUnmerged | MergedFieldChosen]) -> Entry:
    return replace(row, merges=row.merges.after(e.fact))


@directory.on(ContactAbsorbed, ContactRestored)
def stand(row: Entry, e: Recorded[ContactAbsorbed | ContactRestored]) -> Entry:
    """For another contact, or for itself again."""
    return replace(row, alias_of=e.fact.survivor if isinstance(e.fact, ContactAbsorbed) else None)


def find(db: Db, text: str, page: PageRequest) -> Page[Entry]:
    """The persons one of whose ids has every word in its name or addresses, by name; all of them without a word.

    They are in the order of the canonical contacts' own names.
    """
    conditions, words = containing(text)
    where, params = "alias_of IS NULL", list[Any]()
    if words:
        matches = " AND ".join(conditions)
        absorbed = directory.select(db, f"alias_of IS NOT NULL AND {matches}", words)
        where, params = (
            f"{where} AND ({matches} OR contact_id = ANY(%s))",
            [*words, canonical_ids(db, directory, absorbed)],
        )
    found = directory.page(db, where, params, order_by="name", page=page)
    return Page(as_persons(db, found.items), found.next)


def as_persons(db: Db, rows: Sequence[Entry]) -> tuple[Entry, ...]:
    """Canonical rows with what all ids of the person are known by."""
    merged = families(db, directory, rows, _contact)
    return tuple(_composed(each, merged[each.contact_id]) if each.contact_id in merged else each for each in rows)


def _contact(row: Entry) -> Contact:
    address = PostalAddress(city=row.city, country=row.country) if row.city or row.country else None
    phones = tuple(map(Phone, row.phones))
    return Contact(row.name, row.emails, phones, address=address, provisional=row.provisional, merges=row.merges)


def _composed(row: Entry, family: Family) -> Entry:
    person = compose(family).contact
    phones = tuple(each.entered for each in person.phones)
    return entry(row.contact_id, person.name, person.emails, phones, person.address, row.provisional)


def containing(text: str) -> tuple[list[str], list[Any]]:
    """Conditions, and their parameters, that are true where `searched` contains every word."""
    words = [f"%{_literally(each)}%" for each in plain(text).split()]
    return ["searched LIKE %s"] * len(words), words


def plain(text: str) -> str:
    """Lower case without accents, so that `Müller` is found as `muller`."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(each))


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
