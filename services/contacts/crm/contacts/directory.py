"""The directory: one row per contact, as the list and search pages need it. Aliases and erased people are not in it."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import UUID

from crm.chassis.people.known import changed
from crm.chassis.projection import Db, Page, PageRequest, Subject, View
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
from crm.events.particulars import PostalAddress

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


directory = View(
    "directory",
    Entry,
    key="contact_id",
    indexes=("searched gin_trgm_ops", "name, contact_id"),
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
    return searchable(replace(row, name=e.fact.name))


@directory.on(ContactMoved)
def move(row: Entry, e: Recorded[ContactMoved]) -> Entry:
    address = e.fact.address or PostalAddress()
    return replace(row, city=address.city, country=address.country)


@directory.on(ContactEmailAdded, ContactEmailRemoved, ContactPrimaryEmailChanged)
def readdress(row: Entry, e: Recorded[ContactEmailAdded | ContactEmailRemoved | ContactPrimaryEmailChanged]) -> Entry:
    return searchable(replace(row, emails=changed(row.emails, e.fact, e.fact.email)))


@directory.on(ContactPhoneAdded, ContactPhoneRemoved, ContactPrimaryPhoneChanged)
def renumber(row: Entry, e: Recorded[ContactPhoneAdded | ContactPhoneRemoved | ContactPrimaryPhoneChanged]) -> Entry:
    return replace(row, phones=changed(row.phones, e.fact, e.fact.phone))


@directory.on(ContactErased, ContactIdentified)
def strike_out(_: Entry | None, e: Recorded[ContactErased | ContactIdentified]) -> None:
    """Nobody finds them here any more."""


def find(db: Db, text: str, page: PageRequest) -> Page[Entry]:
    """The contacts whose name or addresses contain every word, by name; all of them without a word."""
    conditions, words = containing(text)
    return directory.page(db, " AND ".join(conditions) or "true", words, order_by="name", page=page)


def containing(text: str) -> tuple[list[str], list[Any]]:
    """Conditions, and their parameters, that are true where `searched` contains every word."""
    words = [f"%{_literally(each)}%" for each in plain(text).split()]
    return ["searched LIKE %s"] * len(words), words


def plain(text: str) -> str:
    """Lower case without accents, so that `Müller` is found as `muller`."""
    return "".join(each for each in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(each))


def _literally(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
