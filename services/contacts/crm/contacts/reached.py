"""What leads to a contact, as facts change it: e-mail addresses, numbers, devices, ids elsewhere. No I/O.

Commands are in `reach`; what is shared or borrowed is told in `identifiers`.
"""

from typing import TYPE_CHECKING, Any, TypeAlias, assert_never

from msgspec.structs import replace

from crm.chassis.people.identity import device_identifier, email_identifier, phone_identifier
from crm.contacts.identifiers import borrowing, forgetting, identifier_of, one
from crm.events.contacts import (
    ContactEmailAdded,
    ContactEmailRemoved,
    ContactEmailVerified,
    ContactPhoneAdded,
    ContactPhoneRemoved,
    ContactPhoneVerified,
    ContactPrimaryEmailChanged,
    ContactPrimaryPhoneChanged,
    ExternalIdLinked,
)
from crm.events.particulars import ExternalId, Phone
from crm.events.profiles import ExternalIdUnlinked
from crm.events.sharing import DeviceLinked, IdentifierShared, IdentifierUnshared

if TYPE_CHECKING:
    from crm.contacts.contact import Contact

ReachFact: TypeAlias = (
    ContactEmailAdded
    | ContactEmailVerified
    | ContactEmailRemoved
    | ContactPrimaryEmailChanged
    | ContactPhoneAdded
    | ContactPhoneVerified
    | ContactPhoneRemoved
    | ContactPrimaryPhoneChanged
    | ExternalIdLinked
    | ExternalIdUnlinked
    | DeviceLinked
    | IdentifierShared
    | IdentifierUnshared
)


def reached(contact: "Contact", fact: ReachFact) -> "Contact":  # noqa: C901, PLR0911 (one case per fact)
    """The contact after a fact about what leads to it."""
    match fact:
        case ContactEmailAdded(email=email, shared=shared):
            added = replace(contact, emails=(*contact.emails, email))
            return borrowing(added, email_identifier(email)) if shared else added
        case ContactPhoneAdded(phone=phone, e164=e164, shared=shared):
            added = replace(contact, phones=(*contact.phones, Phone(phone, e164)))
            return borrowing(added, phone_identifier(Phone(phone, e164))) if shared else added
        case ContactEmailVerified(email=value) | ContactPhoneVerified(phone=value):
            return replace(contact, verified=contact.verified | {value})
        case ContactEmailRemoved(email=email):
            kept = tuple(each for each in contact.emails if each != email)
            return forgetting(
                replace(contact, emails=kept, verified=contact.verified - {email}), email_identifier(email)
            )
        case ContactPhoneRemoved(phone=phone):
            rest = tuple(each for each in contact.phones if each.entered != phone)
            gone = identifier_of(contact, "phone", phone)
            return forgetting(replace(contact, phones=rest, verified=contact.verified - {phone}), gone)
        case ContactPrimaryEmailChanged(email=email):
            first = tuple(sorted(contact.emails, key=lambda each: each != email))
            return own(contact, "primary_email", emails=first)
        case ContactPrimaryPhoneChanged(phone=phone):
            called = tuple(sorted(contact.phones, key=lambda each: each.entered != phone))
            return own(contact, "primary_phone", phones=called)
        case ExternalIdLinked(system=system, id=name):
            return replace(contact, external_ids=(*contact.external_ids, ExternalId(system, name)))
        case ExternalIdUnlinked(system=system, id=name):
            known_as = tuple(each for each in contact.external_ids if each != ExternalId(system, name))
            return replace(contact, external_ids=known_as)
        case DeviceLinked(device=device, shared=shared):
            linked = replace(contact, devices=(*contact.devices, device))
            return borrowing(linked, device_identifier(device)) if shared else linked
        case IdentifierShared(kind=kind, value=value):
            return replace(contact, shared=contact.shared | one(identifier_of(contact, kind, value)))
        case IdentifierUnshared(kind=kind, value=value):
            return forgetting(contact, identifier_of(contact, kind, value))
        case _:
            assert_never(fact)


def own(contact: "Contact", field: str, **values: Any) -> "Contact":
    """The contact with a value of its own, which from now on counts against those of absorbed ids (C6)."""
    return replace(contact, merges=contact.merges.choose_own(field), **values)
