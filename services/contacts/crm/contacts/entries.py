"""Entries of the directory as persons: a merged person is shown once, with what all ids are known by (C6, C8)."""

from collections.abc import Sequence
from dataclasses import replace

from crm.chassis.projection import Db
from crm.contacts.contact import Contact
from crm.contacts.directory import Entry, directory
from crm.contacts.family import Family
from crm.contacts.persons import families
from crm.contacts.survivorship import compose
from crm.events.particulars import Phone, PostalAddress


def as_persons(db: Db, rows: Sequence[Entry]) -> tuple[Entry, ...]:
    """Canonical rows with what all ids of the person are known by."""
    merged = families(db, directory, rows, _contact)
    return tuple(_composed(each, merged[each.contact_id]) if each.contact_id in merged else each for each in rows)


def _contact(row: Entry) -> Contact:
    address = PostalAddress(city=row.city, country=row.country) if row.city or row.country else None
    phones = tuple(map(Phone, row.phones))
    return Contact(
        row.name,
        row.emails,
        phones,
        address=address,
        provisional=row.provisional,
        merges=row.merges,
        owner=row.owner,
        tags=row.tags,
        unnamed=row.anonymous,
    )


def _composed(row: Entry, family: Family) -> Entry:
    person = compose(family).contact
    at = person.address or PostalAddress()
    return replace(
        row,
        name=person.name,
        emails=person.emails,
        phones=tuple(each.entered for each in person.phones),
        city=at.city,
        country=at.country,
        owner=person.owner,
        tags=person.tags,
    )
