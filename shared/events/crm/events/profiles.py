"""What is known of a contact beside names and identifiers, who takes care of it, and whether it is in use."""

from datetime import date
from typing import TypeAlias

from crm.events.attributes import AttributeFact
from crm.events.fact import Fact, Personal
from crm.events.particulars import PostalAddress


class ContactConfirmed(Fact, frozen=True, tag="crm.contacts.contact-confirmed.v1"):
    """Who was known only by what another service heard is a contact by somebody's decision."""

    summary = "Confirmed as a contact"


class ContactAssigned(Fact, frozen=True, tag="crm.contacts.contact-assigned.v1"):
    """`owner` is the subject of a colleague's token; None: nobody takes care of them."""

    summary = "Assigned to {owner}"
    owner: str | None


class ContactTagged(Fact, frozen=True, tag="crm.contacts.contact-tagged.v1"):
    summary = "Tagged {tag}"
    tag: Personal[str]


class ContactUntagged(Fact, frozen=True, tag="crm.contacts.contact-untagged.v1"):
    summary = "Tag {tag} taken off"
    tag: Personal[str]


class ContactArchived(Fact, frozen=True, tag="crm.contacts.contact-archived.v1"):
    summary = "Archived: {reason}"
    reason: Personal[str | None] = None


class ContactReactivated(Fact, frozen=True, tag="crm.contacts.contact-reactivated.v1"):
    summary = "Taken out of the archive"


class ContactBirthdayRecorded(Fact, frozen=True, tag="crm.contacts.contact-birthday-recorded.v1"):
    summary = "Born on {birthday}"
    birthday: Personal[date | None]


class ContactLanguageChanged(Fact, frozen=True, tag="crm.contacts.contact-language-changed.v1"):
    """A language tag of BCP 47, such as `pt-BR`."""

    summary = "Language: {language}"
    language: Personal[str | None]


class ContactTimeZoneChanged(Fact, frozen=True, tag="crm.contacts.contact-time-zone-changed.v1"):
    """An IANA zone, such as `Europe/Paris`."""

    summary = "Time zone: {time_zone}"
    time_zone: Personal[str | None]


class FurtherAddressRecorded(Fact, frozen=True, tag="crm.contacts.further-address-recorded.v1"):
    """Beside the address that is moved to; there is one per label."""

    summary = "Further address ({label}): {address}"
    label: str
    address: Personal[PostalAddress | None]


class FurtherAddressRemoved(Fact, frozen=True, tag="crm.contacts.further-address-removed.v1"):
    summary = "Further address ({label}) removed"
    label: str


class SocialHandleLinked(Fact, frozen=True, tag="crm.contacts.social-handle-linked.v1"):
    summary = "Known on {network} as {handle}"
    network: str
    handle: Personal[str]


class SocialHandleUnlinked(Fact, frozen=True, tag="crm.contacts.social-handle-unlinked.v1"):
    summary = "No longer known on {network} as {handle}"
    network: str
    handle: Personal[str]


class ExternalIdUnlinked(Fact, frozen=True, tag="crm.contacts.external-id-unlinked.v1"):
    summary = "No longer known to {system} as {id}"
    system: str
    id: Personal[str]


IdentityFact: TypeAlias = ContactConfirmed | ExternalIdUnlinked
ProfileFact: TypeAlias = (
    ContactAssigned
    | ContactTagged
    | ContactUntagged
    | ContactArchived
    | ContactReactivated
    | ContactBirthdayRecorded
    | ContactLanguageChanged
    | ContactTimeZoneChanged
    | FurtherAddressRecorded
    | FurtherAddressRemoved
    | SocialHandleLinked
    | SocialHandleUnlinked
    | AttributeFact
)
