"""What is known of a contact beside names and identifiers: how facts about it change the state. No I/O.

Commands are in `details_record`; custom attributes in `attribute_record`.
"""

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, assert_never

from msgspec import Struct

from crm.chassis.people.identity import Identifier
from crm.contacts.attribute_record import Held, after
from crm.events.attributes import AttributeCleared, AttributeSet, PersonalAttributeSet
from crm.events.particulars import PostalAddress
from crm.events.profiles import (
    ContactArchived,
    ContactAssigned,
    ContactBirthdayRecorded,
    ContactLanguageChanged,
    ContactReactivated,
    ContactTagged,
    ContactTimeZoneChanged,
    ContactUntagged,
    FurtherAddressRecorded,
    FurtherAddressRemoved,
    ProfileFact,
    SocialHandleLinked,
    SocialHandleUnlinked,
)

T = TypeVar("T")

ONE_VALUED = ("owner", "birthday", "language", "time_zone")
"""Of these a person has one, whatever ids they have: one's own, once it is set, counts (C6)."""


class Handle(Struct, frozen=True):
    """What somebody is called in a social network, as entered."""

    network: str
    handle: str


class FurtherAddress(Struct, frozen=True):
    """A postal address beside the one that was moved to; there is one per label."""

    label: str
    address: PostalAddress


class Details(Protocol):
    """The fields of a contact that the facts here are about."""

    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def further_addresses(self) -> tuple[FurtherAddress, ...]: ...
    @property
    def handles(self) -> tuple[Handle, ...]: ...
    @property
    def attributes(self) -> tuple[Held, ...]: ...


def handle_identifier(handle: Handle) -> Identifier | None:
    """The identifier a handle is: in lower case, without an @ before it. None if nothing is left."""
    network, name = handle.network.strip().lower(), handle.handle.strip().removeprefix("@").lower()
    return Identifier("social_handle", f"{network}:{name}") if network and name else None


def changes(known: Details, fact: ProfileFact) -> tuple[str, Any]:  # noqa: C901, PLR0911 (one case per fact)
    """The field that a fact changes, and what it is after it."""
    match fact:
        case ContactAssigned(owner=owner):
            return "owner", owner
        case ContactBirthdayRecorded(birthday=birthday):
            return "birthday", birthday
        case ContactLanguageChanged(language=language):
            return "language", language
        case ContactTimeZoneChanged(time_zone=time_zone):
            return "time_zone", time_zone
        case ContactTagged(tag=tag):
            return "tags", (*_without(known.tags, tag), tag)
        case ContactUntagged(tag=tag):
            return "tags", _without(known.tags, tag)
        case ContactArchived() | ContactReactivated():
            return "archived", isinstance(fact, ContactArchived)
        case FurtherAddressRecorded(label=label, address=address):
            added = (FurtherAddress(label, address),) if address else ()
            return "further_addresses", (*_unlabelled(known, label), *added)
        case FurtherAddressRemoved(label=label):
            return "further_addresses", _unlabelled(known, label)
        case SocialHandleLinked(network=network, handle=handle):
            return "handles", (*known.handles, Handle(network, handle))
        case SocialHandleUnlinked(network=network, handle=handle):
            return "handles", _without(known.handles, Handle(network, handle))
        case AttributeSet() | PersonalAttributeSet() | AttributeCleared():
            return "attributes", after(known.attributes, fact)
        case _:
            assert_never(fact)


def _without(values: Sequence[T], gone: T) -> tuple[T, ...]:
    return tuple(each for each in values if each != gone)


def _unlabelled(known: Details, label: str) -> tuple[FurtherAddress, ...]:
    return tuple(each for each in known.further_addresses if each.label != label)
