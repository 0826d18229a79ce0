"""The directory: one row per contact, as the list and search pages need it. Erased people are not in it.

Rows are kept by original id. A person is listed once, under the canonical one, and found by what any id is known by.
"""

from dataclasses import dataclass, field, replace
from uuid import UUID

from crm.chassis.people.known import changed
from crm.chassis.people.merges import Merges
from crm.chassis.projection import Subject, View
from crm.contacts.attribute_record import described
from crm.contacts.matching import digits, plain
from crm.events import Personal, Recorded
from crm.events.attributes import AttributeCleared, AttributeFact, AttributeSet, PersonalAttributeSet
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
from crm.events.imports import ContactWithdrawn
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import Phone, PostalAddress
from crm.events.profiles import (
    ContactArchived,
    ContactAssigned,
    ContactConfirmed,
    ContactReactivated,
    ContactTagged,
    ContactUntagged,
)


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
    archived: bool
    owner: str | None
    tags: Personal[tuple[str, ...]]
    attributes: Personal[dict[str, list[str]]]
    numbers: Personal[dict[str, str]]
    """By telephone number as entered: its digits, and those of E.164."""
    called: Personal[str]
    """The name, in lower case and without accents; empty where an address stands in its place."""
    searched: Personal[str]
    """The name, the addresses, the digits of numbers and the city, in lower case and without accents."""
    alias_of: UUID | None = None
    merges: Merges = field(default_factory=Merges)
    anonymous: bool = False
    """A visitor without a name: nobody looks for them here."""


directory = View(
    "directory",
    Entry,
    key="contact_id",
    version=4,
    indexes=(
        *("searched gin_trgm_ops", "called gin_trgm_ops", "sounds_of(called) array_ops"),
        *("name, contact_id", "called, contact_id", "owner, name, contact_id", "alias_of"),
        *("tags array_ops", "attributes jsonb_path_ops"),
    ),
)


def searchable(row: Entry) -> Entry:
    """The entry with what follows from its parts."""
    parts = (row.name, *row.emails, *row.numbers.values(), row.city or "")
    called = "" if "@" in row.name else plain(row.name)
    return replace(row, called=called, searched=plain(" ".join(parts)))


@directory.on(ContactRegistered)
def add(_: Entry | None, e: Recorded[ContactRegistered]) -> Entry:
    f, at = e.fact, e.fact.address or PostalAddress()
    row = Entry(
        contact_id=e.stream,
        name=f.name,
        emails=tuple(f.emails),
        phones=tuple(each.entered for each in f.phones),
        city=at.city,
        country=at.country,
        provisional=f.provisional,
        archived=False,
        owner=None,
        tags=(),
        attributes={},
        numbers={each.entered: _dialled(each) for each in f.phones},
        called="",
        searched="",
        anonymous=f.anonymous,
    )
    return searchable(row)


def _dialled(phone: Phone) -> str:
    return f"{digits(phone.entered)} {digits(phone.e164 or '')}".strip()


@directory.on(ContactRenamed)
def rename(row: Entry, e: Recorded[ContactRenamed]) -> Entry:
    return searchable(replace(row, name=e.fact.name, anonymous=False, merges=row.merges.choose_own("name")))


@directory.on(ContactMoved)
def move(row: Entry, e: Recorded[ContactMoved]) -> Entry:
    address = e.fact.address or PostalAddress()
    merges = row.merges.choose_own("address")
    return searchable(replace(row, city=address.city, country=address.country, merges=merges))


@directory.on(ContactEmailAdded, ContactEmailRemoved, ContactPrimaryEmailChanged)
def readdress(row: Entry, e: Recorded[ContactEmailAdded | ContactEmailRemoved | ContactPrimaryEmailChanged]) -> Entry:
    first = isinstance(e.fact, ContactPrimaryEmailChanged)
    merges = row.merges.choose_own("primary_email") if first else row.merges
    emails = changed(row.emails, e.fact, e.fact.email)
    return searchable(replace(row, emails=emails, anonymous=False, merges=merges))


@directory.on(ContactPhoneAdded, ContactPhoneRemoved, ContactPrimaryPhoneChanged)
def renumber(row: Entry, e: Recorded[ContactPhoneAdded | ContactPhoneRemoved | ContactPrimaryPhoneChanged]) -> Entry:
    first = isinstance(e.fact, ContactPrimaryPhoneChanged)
    merges = row.merges.choose_own("primary_phone") if first else row.merges
    phones = changed(row.phones, e.fact, e.fact.phone)
    numbers = {each: row.numbers.get(each, "") for each in phones}
    if isinstance(e.fact, ContactPhoneAdded):
        numbers[e.fact.phone] = _dialled(Phone(e.fact.phone, e.fact.e164))
    return searchable(replace(row, phones=phones, numbers=numbers, anonymous=False, merges=merges))


@directory.on(ContactConfirmed)
def confirm(row: Entry, e: Recorded[ContactConfirmed]) -> Entry:
    return replace(row, provisional=False)


@directory.on(ContactArchived, ContactReactivated)
def archive(row: Entry, e: Recorded[ContactArchived | ContactReactivated]) -> Entry:
    return replace(row, archived=isinstance(e.fact, ContactArchived))


@directory.on(ContactAssigned)
def assign(row: Entry, e: Recorded[ContactAssigned]) -> Entry:
    return replace(row, owner=e.fact.owner, merges=row.merges.choose_own("owner"))


@directory.on(ContactTagged, ContactUntagged)
def tag(row: Entry, e: Recorded[ContactTagged | ContactUntagged]) -> Entry:
    others = tuple(each for each in row.tags if each != e.fact.tag)
    return replace(row, tags=(*others, e.fact.tag) if isinstance(e.fact, ContactTagged) else others)


@directory.on(AttributeSet, PersonalAttributeSet, AttributeCleared)
def describe(row: Entry | None, e: Recorded[AttributeFact]) -> Entry | None:
    """Accounts have attributes as well; they have no entry here."""
    return replace(row, attributes=described(row.attributes, e.fact)) if row else None


@directory.on(ContactErased, ContactIdentified, ContactWithdrawn)
def strike_out(_: Entry | None, e: Recorded[ContactErased | ContactIdentified | ContactWithdrawn]) -> None:
    """Nobody finds them here any more."""


@directory.on(ContactsMerged, ContactsUnmerged, MergedFieldChosen)
def gather(row: Entry, e: Recorded[ContactsMerged | ContactsUnmerged | MergedFieldChosen]) -> Entry:
    return replace(row, merges=row.merges.after(e.fact))


@directory.on(ContactAbsorbed, ContactRestored)
def stand(row: Entry, e: Recorded[ContactAbsorbed | ContactRestored]) -> Entry:
    """For another contact, or for itself again."""
    return replace(row, alias_of=e.fact.survivor if isinstance(e.fact, ContactAbsorbed) else None)
