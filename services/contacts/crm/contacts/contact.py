"""A contact: who a customer is. `evolve` remembers, nothing here does I/O.

Commands are in `registration` (becoming known, names, addresses), `reach` (e-mail addresses and numbers), `alias` and
`merger` (several ids of one person), `details_record` (all else that is known) and `erasure` (being forgotten).
"""

from datetime import date
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Erased, Rejected, Unknown
from crm.chassis.people.identity import Identifier
from crm.chassis.people.merges import Merges
from crm.contacts.attribute_record import Held
from crm.contacts.details import ONE_VALUED, FurtherAddress, Handle, changes
from crm.contacts.identifiers import known_by, sharing
from crm.contacts.legal_hold import Hold, after, expiry
from crm.contacts.reached import own, reached
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactErased,
    ContactFact,
    ContactIdentified,
    ContactMoved,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPhoneVerified,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
    ContactRecognised,
    ContactRegistered,
    ContactRenamed,
    ErasureRequested,
    ExternalIdLinked,
)
from crm.events.holds import LegalHoldEnded, LegalHoldPlaced
from crm.events.imports import ContactWithdrawn
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.profiles import ContactConfirmed, ExternalIdUnlinked
from crm.events.requests import ContactReturned
from crm.events.sharing import DeviceLinked, IdentifierShared, IdentifierUnshared


class Contact(Struct, frozen=True):
    """A person. The first e-mail address and the first telephone number are the primary ones."""

    name: str
    emails: tuple[str, ...] = ()
    phones: tuple[Phone, ...] = ()
    verified: frozenset[str] = frozenset()
    """The e-mail addresses and numbers, as entered, that are known to be this person's."""
    address: PostalAddress | None = None
    external_ids: tuple[ExternalId, ...] = ()
    provisional: bool = False
    alias_of: UUID | None = None
    aliases: frozenset[UUID] = frozenset()
    erased: bool = False
    returned: bool = False
    """Came back of their own will after an erasure (C13)."""
    holds: tuple[Hold, ...] = ()
    """What a law obliges to keep of them; remembered after the erasure too."""
    merge_id: UUID | None = None
    """The merge that absorbed this contact; its values stay its own, so that it can be restored."""
    merges: Merges = Merges()
    """The merges it survived."""
    owner: str | None = None
    birthday: date | None = None
    language: str | None = None
    time_zone: str | None = None
    tags: tuple[str, ...] = ()
    archived: bool = False
    further_addresses: tuple[FurtherAddress, ...] = ()
    handles: tuple[Handle, ...] = ()
    attributes: tuple[Held, ...] = ()
    withdrawn: bool = False
    """Taken back with the import they came from."""
    devices: tuple[str, ...] = ()
    unnamed: bool = False
    """A visitor whom nobody has given a name yet."""
    shared: frozenset[Identifier] = frozenset()
    """What this contact holds though others have it too: it leads here, but never tells who somebody is (C3)."""
    borrowed: frozenset[Identifier] = frozenset()
    """What this contact has though somebody else holds it, or though it names nobody: kept, but not claimed (C3)."""

    @property
    def anonymous(self) -> bool:
        """Whether nothing is known of this person but a device."""
        return self.unnamed and not (self.emails or self.phones or self.external_ids)


def writable(contact: Contact | None) -> Contact:
    """The contact, if something may be recorded about it. Raises `Unknown`, `Erased`, or `Rejected` for an alias."""
    contact = present(contact)
    if contact.alias_of is not None:
        raise Rejected(f"This id is an alias of contact {contact.alias_of}. Use that one.")
    return contact


def present(contact: Contact | None) -> Contact:
    """The contact, alias or not. Raises `Unknown` or `Erased`."""
    if contact is None:
        raise Unknown("There is no such contact.")
    if contact.erased:
        raise Erased("This person was erased; nothing can be recorded about them any more.")
    if contact.withdrawn:
        raise Rejected("This contact was taken back with the import it came from. Register the person anew.")
    return contact


def evolve(contact: Contact | None, fact: ContactFact) -> Contact:  # noqa: C901, PLR0911 (one case per fact)
    """Remembers. Erased facts hold no values, so a value that is not there is passed over."""
    match fact:
        case ContactRegistered(name, emails, phones, address, external_ids, provisional, devices, anonymous, several):
            contact = Contact(
                name, tuple(emails), tuple(phones), frozenset(), address, tuple(external_ids), provisional=provisional
            )
            return sharing(replace(contact, devices=tuple(devices), unnamed=anonymous), several)
        case ContactIdentified(holder=holder):
            return Contact("", alias_of=holder, aliases=contact.aliases if contact else frozenset())
    if contact is None:  # an id of something else was asked for as a contact
        raise Unknown("There is no such contact.")
    match fact:
        case ContactRenamed(name=name):
            return own(contact, "name", name=name, unnamed=False)
        case ContactMoved(address=address):
            return own(contact, "address", address=address)
        case ContactConfirmed():
            return replace(contact, provisional=False)
        case ContactRecognised(alias=alias):
            return replace(contact, aliases=contact.aliases | {alias})
        case ErasureRequested():
            return contact
        case ContactErased():
            return Contact(
                "",
                alias_of=contact.alias_of,
                aliases=contact.aliases,
                erased=True,
                holds=contact.holds,
                merge_id=contact.merge_id,
                merges=contact.merges,
            )
        case ContactsMerged() | ContactsUnmerged() | MergedFieldChosen():
            return replace(contact, merges=contact.merges.after(fact))
        case ContactAbsorbed(merge_id=merge_id, survivor=survivor):
            return replace(contact, alias_of=survivor, merge_id=merge_id)
        case LegalHoldPlaced() | LegalHoldEnded():
            return replace(contact, holds=after(contact.holds, fact))
        case ContactReturned():
            return replace(contact, returned=True)
        case ContactRestored():
            return replace(contact, alias_of=None, merge_id=None)
        case ContactWithdrawn():
            return replace(contact, withdrawn=True)
        case (
            ContactEmailAdded()
            | ContactEmailVerified()
            | ContactEmailRemoved()
            | ContactPrimaryEmailChanged()
            | ContactPhoneAdded()
            | ContactPhoneVerified()
            | ContactPhoneRemoved()
            | ContactPrimaryPhoneChanged()
            | ExternalIdLinked()
            | ExternalIdUnlinked()
            | DeviceLinked()
            | IdentifierShared()
            | IdentifierUnshared()
        ):
            return reached(contact, fact)
    field, value = changes(contact, fact)
    return own(contact, field, **{field: value}) if field in ONE_VALUED else replace(contact, **{field: value})


def identifiers(contact: Contact) -> set[Identifier]:
    """What this person holds and nobody else may. Aliases, erased people and those taken back hold nothing."""
    return set() if contact.withdrawn else known_by(contact) - contact.borrowed


contacts = Aggregate(
    "contact",
    ContactFact,
    evolve,
    # What an absorbed contact does is its own: its history joins the survivor's when it is read, and leaves with it.
    about=lambda stream, contact: (
        (stream, contact.alias_of) if contact.alias_of and not contact.merge_id else (stream,)
    ),
    claims=lambda contact: {(each.kind, each.match_key) for each in identifiers(contact)},
    timers=lambda contact: expiry(contact.holds),
    forgotten=lambda contact: contact.erased,
    # Who is known provisionally gave their address themselves: on a form, in a mail.
    returned=lambda contact: contact.returned or contact.provisional or contact.unnamed,
)
