"""What happens to people in the contacts service: becoming known, changing, and being forgotten.

What was said with them is in `interactions`, what they allow in `consents`, what names them in `identifiers` and
`sharing`.
"""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal
from crm.events.holds import LegalHoldEnded, LegalHoldPlaced
from crm.events.imports import ContactWithdrawn
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged, MergedFieldChosen
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.profiles import IdentityFact, ProfileFact
from crm.events.requests import ContactReturned
from crm.events.sharing import DeviceLinked, IdentifierShared, IdentifierUnshared


class ContactRegistered(Fact, frozen=True, tag="crm.contacts.contact-registered.v1"):
    """Somebody became known. `provisional`: only by what another service heard, not yet by anyone's decision.

    `anonymous`: a visitor of whom nothing is known but a device. `shared`: which of these addresses, numbers and
    devices, as entered, do not name this person alone (C3).
    """

    summary = "{name} became a contact"
    name: Personal[str]
    emails: Personal[list[str]] = []
    phones: Personal[list[Phone]] = []
    address: Personal[PostalAddress | None] = None
    external_ids: Personal[list[ExternalId]] = []
    provisional: bool = False
    devices: Personal[list[str]] = []
    anonymous: bool = False
    shared: Personal[list[str]] = []


class ContactRenamed(Fact, frozen=True, tag="crm.contacts.contact-renamed.v1"):
    summary = "Renamed to {name}"
    name: Personal[str]


class ContactMoved(Fact, frozen=True, tag="crm.contacts.contact-moved.v1"):
    summary = "Moved to {address}"
    address: Personal[PostalAddress | None]


class ContactEmailAdded(Fact, frozen=True, tag="crm.contacts.contact-email-added.v1"):
    """`shared`: it does not name this person alone (C3)."""

    summary = "E-mail address {email} added"
    email: Personal[str]
    shared: bool = False


class ContactEmailVerified(Fact, frozen=True, tag="crm.contacts.contact-email-verified.v1"):
    summary = "E-mail address {email} verified"
    email: Personal[str]


class ContactEmailRemoved(Fact, frozen=True, tag="crm.contacts.contact-email-removed.v1"):
    summary = "E-mail address {email} removed"
    email: Personal[str]


class ContactPrimaryEmailChanged(Fact, frozen=True, tag="crm.contacts.contact-primary-email-changed.v1"):
    summary = "Primary e-mail address is now {email}"
    email: Personal[str]


class ContactPhoneAdded(Fact, frozen=True, tag="crm.contacts.contact-phone-added.v1"):
    """`shared`: it does not name this person alone (C3)."""

    summary = "Telephone number {phone} added"
    phone: Personal[str]
    e164: Personal[str | None] = None
    shared: bool = False


class ContactPhoneVerified(Fact, frozen=True, tag="crm.contacts.contact-phone-verified.v1"):
    summary = "Telephone number {phone} verified"
    phone: Personal[str]


class ContactPhoneRemoved(Fact, frozen=True, tag="crm.contacts.contact-phone-removed.v1"):
    summary = "Telephone number {phone} removed"
    phone: Personal[str]


class ContactPrimaryPhoneChanged(Fact, frozen=True, tag="crm.contacts.contact-primary-phone-changed.v1"):
    summary = "Primary telephone number is now {phone}"
    phone: Personal[str]


class ExternalIdLinked(Fact, frozen=True, tag="crm.contacts.external-id-linked.v1"):
    summary = "Known to {system} as {id}"
    system: str
    id: Personal[str]


class ContactIdentified(Fact, frozen=True, tag="crm.contacts.contact-identified.v1"):
    """On the stream of a provisional id: it is somebody we know, and from now on an alias of `holder`."""

    summary = "Recognised as contact {holder}"
    holder: UUID


class ContactRecognised(Fact, frozen=True, tag="crm.contacts.contact-recognised.v1"):
    """The other side, on the holder's stream: `alias` names the same person. Erasing the holder erases it too."""

    summary = "Recognised under the provisional id {alias}"
    alias: UUID


class ErasureRequested(Fact, frozen=True, tag="crm.contacts.erasure-requested.v1"):
    summary = "Erasure requested"
    reason: Personal[str | None] = None


class ContactErased(Fact, frozen=True, tag="crm.contacts.contact-erased.v1"):
    """From here on the person is forgotten: keys are destroyed, views are blanked, statistics stay (C13)."""

    summary = "Erased ({scope})"
    scope: Literal["everything"] = "everything"


ContactFact: TypeAlias = (
    ContactRegistered
    | ContactRenamed
    | ContactMoved
    | ContactEmailAdded
    | ContactEmailVerified
    | ContactEmailRemoved
    | ContactPrimaryEmailChanged
    | ContactPhoneAdded
    | ContactPhoneVerified
    | ContactPhoneRemoved
    | ContactPrimaryPhoneChanged
    | ExternalIdLinked
    | ContactIdentified
    | ContactRecognised
    | ErasureRequested
    | ContactErased
    | ContactsMerged
    | ContactAbsorbed
    | ContactsUnmerged
    | ContactRestored
    | MergedFieldChosen
    | ContactReturned
    | LegalHoldPlaced
    | LegalHoldEnded
    | IdentityFact
    | ProfileFact
    | ContactWithdrawn
    | DeviceLinked
    | IdentifierShared
    | IdentifierUnshared
)


# Being forgotten


class SubjectKeyDestroyed(Fact, frozen=True, tag="crm.contacts.subject-key-destroyed.v1"):
    summary = "Key {key_id} destroyed"
    contact: UUID
    key_id: UUID


class ErasureAcknowledged(Fact, frozen=True, tag="crm.contacts.erasure-acknowledged.v1"):
    """Contacts holds nothing readable of this person any more. Every service has such a fact."""

    summary = "Contacts has forgotten this person"
    contact: UUID


ErasureFact: TypeAlias = SubjectKeyDestroyed
