"""What a service knows of contacts: who they are and which identifiers name them. Its own copy, from facts.

Each view is a class, so that every service declares an instance of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import count
from uuid import UUID

from crm.chassis.keys import Keys
from crm.chassis.people.identity import Identifier
from crm.chassis.people.merges import Merges
from crm.chassis.projection import Subject, View
from crm.chassis.projection.query import Db
from crm.events import ERASED, Personal, Recorded
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
from crm.events.identifiers import IdentifierClaimed, IdentifierReleased
from crm.events.imports import ContactWithdrawn
from crm.events.merging import ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import PostalAddress


def provisional_contact_id(keys: Keys, identifier: Identifier) -> UUID:
    """The contact id that every service mints for somebody unknown under this identifier.

    Who was erased and comes back is somebody new: the next id that was not destroyed. Raises `KeyringUnavailable`.
    """
    for generation in count(1):
        suffix = "" if generation == 1 else f"\n{generation}"
        contact = keys.provisional_id(identifier.kind, identifier.match_key + suffix)
        if not keys.is_destroyed(contact):
            return contact
    raise AssertionError("counting does not end")


@dataclass(frozen=True)
class Holding:
    """Somebody holds an identifier. `claim` is a keyed hash of it: the plaintext is not here."""

    claim: UUID
    kind: str
    holder: UUID


@dataclass(frozen=True)
class Somebody:
    """Whom a service takes somebody for; `provisional` where it never heard of them."""

    contact: UUID
    provisional: bool


class Holders(View[Holding]):
    """Who holds which identifier."""

    def __init__(self) -> None:
        super().__init__("holders", Holding, key="claim", indexes=("holder",))
        self.on(IdentifierClaimed)(hold)
        self.on(IdentifierReleased)(let_go)

    def find(self, db: Db, keys: Keys, identifier: Identifier) -> UUID | None:
        """The contact an identifier names, as far as this service has heard. Raises `KeyringUnavailable`."""
        claims = keys.claim_ids(identifier.kind, identifier.match_key)
        found = self.select(db, "claim = ANY(%s)", (claims,))
        return found[0].holder if found else None

    def recognise(self, db: Db, keys: Keys, identifiers: Iterable[Identifier]) -> "Somebody | None":
        """Who somebody is that gives these identifiers, the most telling first (an e-mail address before a number).

        Known under one of them: that contact. Else a provisional one, which every service mints from the first. None
        where there is none. Resolve aliases of the answer when showing it, not when recording.
        """
        given = list(identifiers)
        for each in given:
            if (known := self.find(db, keys, each)) is not None:
                return Somebody(known, provisional=False)
        return Somebody(provisional_contact_id(keys, given[0]), provisional=True) if given else None


def hold(_: Holding | None, e: Recorded[IdentifierClaimed]) -> Holding:
    return Holding(e.stream, e.fact.kind, e.fact.holder)


def let_go(holding: Holding | None, e: Recorded[IdentifierReleased]) -> None:
    """Who released an identifier is not found by it any more."""


@dataclass(frozen=True)
class KnownContact:
    """A contact as other services need it. The first e-mail address and number are the primary ones."""

    contact_id: Subject
    name: Personal[str]
    emails: Personal[tuple[str, ...]]
    phones: Personal[tuple[str, ...]]
    address: Personal[PostalAddress | None]
    provisional: bool
    erased: bool = False
    merges: Merges = field(default_factory=Merges)


class KnownContacts(View[KnownContact]):
    """Every contact by its original id, erased ones blank; also those that were absorbed: resolve aliases first.

    See `persons` for what is known of a person under all ids. Ids that were never contacts have no row.
    """

    def __init__(self, *, indexes: tuple[str, ...] = ()) -> None:
        super().__init__("known_contacts", KnownContact, key="contact_id", version=2, indexes=indexes)
        self.on(ContactRegistered)(meet)
        self.on(ContactRenamed)(rename)
        self.on(ContactMoved)(move)
        self.on(ContactEmailAdded, ContactEmailRemoved, ContactPrimaryEmailChanged)(readdress)
        self.on(ContactPhoneAdded, ContactPhoneRemoved, ContactPrimaryPhoneChanged)(renumber)
        self.on(ContactErased, ContactIdentified, ContactWithdrawn)(forget)
        self.on(ContactsMerged, ContactsUnmerged, MergedFieldChosen)(merge)


def meet(_: KnownContact | None, e: Recorded[ContactRegistered]) -> KnownContact:
    phones = tuple(each.entered for each in e.fact.phones)
    return KnownContact(e.stream, e.fact.name, tuple(e.fact.emails), phones, e.fact.address, e.fact.provisional)


def rename(contact: KnownContact, e: Recorded[ContactRenamed]) -> KnownContact:
    return replace(contact, name=e.fact.name, merges=contact.merges.choose_own("name"))


def move(contact: KnownContact, e: Recorded[ContactMoved]) -> KnownContact:
    return replace(contact, address=e.fact.address, merges=contact.merges.choose_own("address"))


def readdress(
    contact: KnownContact, e: Recorded[ContactEmailAdded | ContactEmailRemoved | ContactPrimaryEmailChanged]
) -> KnownContact:
    first = isinstance(e.fact, ContactPrimaryEmailChanged)
    merges = contact.merges.choose_own("primary_email") if first else contact.merges
    return replace(contact, emails=changed(contact.emails, e.fact, e.fact.email), merges=merges)


def renumber(
    contact: KnownContact, e: Recorded[ContactPhoneAdded | ContactPhoneRemoved | ContactPrimaryPhoneChanged]
) -> KnownContact:
    first = isinstance(e.fact, ContactPrimaryPhoneChanged)
    merges = contact.merges.choose_own("primary_phone") if first else contact.merges
    return replace(contact, phones=changed(contact.phones, e.fact, e.fact.phone), merges=merges)


def merge(contact: KnownContact, e: Recorded[ContactsMerged | ContactsUnmerged | MergedFieldChosen]) -> KnownContact:
    return replace(contact, merges=contact.merges.after(e.fact))


def changed(values: Iterable[str], fact: object, value: str) -> tuple[str, ...]:
    """Addresses or numbers, primary one first, after one was added, removed, or made the primary one."""
    others = tuple(each for each in values if each != value)
    match fact:
        case ContactEmailRemoved() | ContactPhoneRemoved():
            return others
        case ContactPrimaryEmailChanged() | ContactPrimaryPhoneChanged():
            return (value, *others)
        case _:
            return (*others, value)


def forget(
    contact: KnownContact | None, e: Recorded[ContactErased | ContactIdentified | ContactWithdrawn]
) -> KnownContact | None:
    """Of an erased person the row stays, without what was personal, so that nobody is addressed by mistake."""
    if contact is None or isinstance(e.fact, ContactIdentified | ContactWithdrawn):
        return None
    return replace(contact, name=ERASED, emails=(), phones=(), address=None, erased=True)
