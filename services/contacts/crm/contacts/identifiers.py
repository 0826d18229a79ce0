"""What leads to a contact: its e-mail addresses, numbers, devices and ids elsewhere, and which are not its own. No I/O.

Two sets make the difference (C3). What is *shared* is held by the contact, though others have it too. What is
*borrowed* is held by somebody else, or names nobody in particular. Only what is held is claimed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from crm.chassis.people.identity import (
    Identifier,
    device_identifier,
    email_identifier,
    external_identifier,
    phone_identifier,
)
from crm.contacts.details import handle_identifier
from crm.events.particulars import ExternalId, Phone, PostalAddress

if TYPE_CHECKING:
    from crm.contacts.contact import Contact


def borrowing(contact: "Contact", identifier: Identifier | None) -> "Contact":
    """With something that is not this contact's own."""
    return replace(contact, borrowed=contact.borrowed | one(identifier))


def forgetting(contact: "Contact", identifier: Identifier | None) -> "Contact":
    """Without anything special about an identifier."""
    gone = one(identifier)
    return replace(contact, shared=contact.shared - gone, borrowed=contact.borrowed - gone)


def one(identifier: Identifier | None) -> frozenset[Identifier]:
    """A set of it; an empty one where there is none."""
    return frozenset() if identifier is None else frozenset((identifier,))


def identifier_of(contact: "Contact", kind: str, value: str) -> Identifier | None:
    """The identifier behind something this contact has, as it was entered. None if it has no such thing."""
    match kind:
        case "email":
            return email_identifier(value) if value in contact.emails else None
        case "phone":
            held = next((each for each in contact.phones if each.entered == value), None)
            return phone_identifier(held) if held else None
        case _:
            return device_identifier(value) if value in contact.devices else None


def known_by(contact: "Contact") -> set[Identifier]:
    """Everything that leads to this person, be it theirs alone or not."""
    found: Iterable[Identifier | None] = (
        *map(email_identifier, contact.emails),
        *map(phone_identifier, contact.phones),
        *map(external_identifier, contact.external_ids),
        *map(handle_identifier, contact.handles),
        *map(device_identifier, contact.devices),
    )
    return {each for each in found if each is not None}


def sharing(contact: "Contact", values: Iterable[str]) -> "Contact":
    """With some of what it has, as it was entered, borrowed."""
    found = (identifier_of(contact, kind, value) for kind in ("email", "phone", "device") for value in values)
    return replace(contact, borrowed=frozenset(each for each in found if each))


@dataclass(frozen=True)
class Person:
    """Whom somebody tells of."""

    name: str
    emails: Sequence[str] = ()
    phones: Sequence[Phone] = ()
    address: PostalAddress | None = None
    external_ids: Sequence[ExternalId] = ()
    devices: Sequence[str] = ()

    @property
    def identifiers(self) -> frozenset[Identifier]:
        """Everything that can be matched."""
        found = (
            *map(email_identifier, self.emails),
            *map(phone_identifier, self.phones),
            *map(external_identifier, self.external_ids),
            *map(device_identifier, self.devices),
        )
        return frozenset(each for each in found if each is not None)

    @property
    def particulars(self) -> dict[str, Any]:
        """As arguments of `register`."""
        return {"name": self.name, "address": self.address, **self.without(frozenset())}

    def without(self, left_out: frozenset[Identifier]) -> dict[str, Any]:
        """What reaches this person, but for some identifiers; as arguments of `complement`."""
        return {
            "emails": [each for each in self.emails if email_identifier(each) not in left_out],
            "phones": [each for each in self.phones if phone_identifier(each) not in left_out],
            "external_ids": [each for each in self.external_ids if external_identifier(each) not in left_out],
            "devices": [each for each in self.devices if device_identifier(each) not in left_out],
        }
