"""Preferences: what a person is shown about what they allow, and what follows from what they tick. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args
from uuid import UUID

from crm.contacts.contact import Contact
from crm.events.consents import ConsentChannel

Change: TypeAlias = Literal["grant", "withdraw"]


class Choice(NamedTuple):
    """A channel and a purpose."""

    channel: ConsentChannel
    purpose: str

    def __str__(self) -> str:
        return f"{self.channel}/{self.purpose}"


@dataclass(frozen=True)
class Offer:
    """A text a person can agree to for its purpose."""

    wording: UUID
    purpose: str
    version: str
    language: str
    text: str


def channels_of(contact: Contact) -> tuple[ConsentChannel, ...]:
    """How a person can be reached, so that asking makes sense."""
    found: list[ConsentChannel] = ["email"] if contact.emails else []
    if contact.phones:
        found += ["phone", "sms", "messenger"]
    if contact.address:
        found.append("post")
    return tuple(found)


def choices(contact: Contact, offers: Iterable[Offer], allowed: Iterable[Choice]) -> tuple[Choice, ...]:
    """What to ask: each purpose with a text on each channel they are reached on, and whatever they allow already."""
    offered = {Choice(channel, each.purpose) for each in offers for channel in channels_of(contact)}
    return tuple(sorted(offered | set(allowed), key=lambda each: (each.purpose, each.channel)))


def changes(
    shown: Iterable[Choice], ticked: Iterable[Choice], allowed: Iterable[Choice], offers: Sequence[Offer]
) -> dict[Choice, Change]:
    """What a person changed by what they ticked, of what they were shown. Nobody agrees to what has no text."""
    wanted, now = set(ticked), set(allowed)
    with_text = {each.purpose for each in offers}
    found: dict[Choice, Change] = {}
    for each in dict.fromkeys(shown):
        if each in wanted and each not in now and each.purpose in with_text:
            found[each] = "grant"
        elif each not in wanted and each in now:
            found[each] = "withdraw"
    return found


def choices_named(given: Iterable[str]) -> list[Choice]:
    """The choices that a form names as `channel/purpose`; whatever is none is passed over."""
    channels: dict[str, ConsentChannel] = {each: each for each in get_args(ConsentChannel)}
    parts = (each.partition("/") for each in given)
    return [Choice(channels[channel], purpose) for channel, _, purpose in parts if channel in channels and purpose]
