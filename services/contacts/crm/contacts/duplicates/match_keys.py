"""What is compared: one row per contact with what is known of it and the keys it is looked up by.

Blocking keys tell something of a person (how a name sounds, a day of birth), so they are personal columns like the
values they are made of, and an erasure takes them as well. Absorbed contacts stay: who resembles one of a person's ids
resembles the person, and an unmerge costs nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import UUID

from crm.chassis.database import Database
from crm.chassis.people.identity import email_identifier, phone_identifier
from crm.chassis.people.known import changed
from crm.chassis.projection import Subject, View
from crm.contacts.duplicates.blocking import keys_of
from crm.contacts.duplicates.normalising import Traits, traits_of
from crm.contacts.duplicates.weighing import Population, counted_words
from crm.events import Personal, Recorded
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
from crm.events.particulars import Phone, PostalAddress
from crm.events.profiles import ContactBirthdayRecorded
from crm.events.sharing import IdentifierShared, IdentifierUnshared

COMMON_FROM = 3
"""A word that fewer people share says nothing in itself, and is not counted: no table names a single person."""


@dataclass(frozen=True)
class Comparable:
    """A contact as it is compared. Numbers are in E.164 where they could be read, else as entered."""

    contact_id: Subject
    name: Personal[str]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]
    address: Personal[PostalAddress | None]
    birthday: Personal[str | None] = None
    verified: Personal[tuple[str, ...]] = ()
    numbers: Personal[tuple[str, ...]] = ()
    """The numbers as entered, by which facts name them, in the order of `phones`."""
    keys: Personal[tuple[str, ...]] = ()
    words: Personal[tuple[str, ...]] = ()
    """Names and the postal code, to be counted."""
    several: Personal[tuple[str, ...]] = ()
    """Addresses and numbers, as entered, that others have as well: nobody is taken for another by them (C3)."""

    @property
    def traits(self) -> Traits:
        numbers = zip(self.numbers, self.phones, strict=False)
        return traits_of(
            self.contact_id,
            name=self.name,
            emails=[each for each in self.emails if each not in self.several],
            phones=[phone for entered, phone in numbers if entered not in self.several],
            address=self.address,
            birthday=self.birthday,
            verified=filter(None, (self._match_key(each) for each in self.verified if each not in self.several)),
        )

    def _match_key(self, entered: str) -> str | None:
        e164 = dict(zip(self.numbers, self.phones, strict=False)).get(entered)
        identifier = phone_identifier(Phone(entered, e164)) if e164 else email_identifier(entered)
        return f"{identifier.kind}:{identifier.match_key}" if identifier else None


match_keys = View("match_keys", Comparable, key="contact_id", version=2, indexes=("keys array_ops",))


def keyed(row: Comparable) -> Comparable:
    """The row with all that follows from its parts."""
    traits = row.traits
    return replace(row, keys=keys_of(traits), words=counted_words(traits))


@match_keys.on(ContactRegistered)
def add(_: Comparable | None, e: Recorded[ContactRegistered]) -> Comparable:
    f = e.fact
    phones = tuple(each.e164 or each.entered for each in f.phones)
    numbers = tuple(each.entered for each in f.phones)
    row = Comparable(e.stream, f.name, tuple(f.emails), phones, f.address, numbers=numbers)
    return keyed(replace(row, several=tuple(f.shared)))


@match_keys.on(ContactRenamed)
def rename(row: Comparable, e: Recorded[ContactRenamed]) -> Comparable:
    return keyed(replace(row, name=e.fact.name))


@match_keys.on(ContactMoved)
def move(row: Comparable, e: Recorded[ContactMoved]) -> Comparable:
    return keyed(replace(row, address=e.fact.address))


@match_keys.on(ContactBirthdayRecorded)
def born(row: Comparable, e: Recorded[ContactBirthdayRecorded]) -> Comparable:
    return keyed(replace(row, birthday=e.fact.birthday.isoformat() if e.fact.birthday else None))


@match_keys.on(ContactEmailAdded, ContactEmailRemoved)
def readdress(row: Comparable, e: Recorded[ContactEmailAdded | ContactEmailRemoved]) -> Comparable:
    emails = changed(row.emails, e.fact, e.fact.email)
    verified = tuple(each for each in row.verified if each != e.fact.email)
    shared = isinstance(e.fact, ContactEmailAdded) and e.fact.shared
    return keyed(_marked(replace(row, emails=emails, verified=verified), e.fact.email, shared))


@match_keys.on(ContactPhoneAdded)
def add_number(row: Comparable, e: Recorded[ContactPhoneAdded]) -> Comparable:
    phones = (*row.phones, e.fact.e164 or e.fact.phone)
    return keyed(
        _marked(replace(row, phones=phones, numbers=(*row.numbers, e.fact.phone)), e.fact.phone, e.fact.shared)
    )


@match_keys.on(ContactPhoneRemoved)
def remove_number(row: Comparable, e: Recorded[ContactPhoneRemoved]) -> Comparable:
    left = [each for each in zip(row.numbers, row.phones, strict=False) if each[0] != e.fact.phone]
    verified = tuple(each for each in row.verified if each != e.fact.phone)
    numbers, phones = tuple(n for n, _ in left), tuple(p for _, p in left)
    return keyed(_marked(replace(row, numbers=numbers, phones=phones, verified=verified), e.fact.phone, False))


@match_keys.on(IdentifierShared, IdentifierUnshared)
def declare(row: Comparable, e: Recorded[IdentifierShared | IdentifierUnshared]) -> Comparable:
    """Others have it as well, or nobody else."""
    return keyed(_marked(row, e.fact.value, isinstance(e.fact, IdentifierShared)))


def _marked(row: Comparable, entered: str, shared: bool) -> Comparable:
    rest = tuple(each for each in row.several if each != entered)
    return replace(row, several=(*rest, entered) if shared else rest)


@match_keys.on(ContactEmailVerified)
def verify_email(row: Comparable, e: Recorded[ContactEmailVerified]) -> Comparable:
    return keyed(replace(row, verified=tuple(dict.fromkeys((*row.verified, e.fact.email)))))


@match_keys.on(ContactPhoneVerified)
def verify_phone(row: Comparable, e: Recorded[ContactPhoneVerified]) -> Comparable:
    return keyed(replace(row, verified=tuple(dict.fromkeys((*row.verified, e.fact.phone)))))


@match_keys.on(ContactErased, ContactIdentified)
def strike_out(_: Comparable | None, e: Recorded[ContactErased | ContactIdentified]) -> None:
    """Erased people resemble nobody, and a provisional id that was recognised has nothing of its own."""


def known(db: Database, contact_ids: Iterable[UUID]) -> dict[UUID, Traits]:
    """Some contacts, made comparable."""
    rows = match_keys.select(db, "contact_id = ANY(%s)", (list(contact_ids),))
    return {row.contact_id: row.traits for row in rows}


def population(db: Database) -> Population:
    """How many contacts there are, and the shares of common names and postal codes among them."""
    table = match_keys.table.name
    counted = f"SELECT word, count(*) FROM {table}, unnest(words) AS word GROUP BY word HAVING count(*) >= %s"
    with db.connection() as connection:
        (size,) = connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchone() or (0,)
        rows = connection.execute(counted.encode(), (COMMON_FROM,)).fetchall()
    return Population(size, {word: count / size for word, count in rows})
