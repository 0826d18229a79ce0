"""Links that people get about what they allow: to confirm a consent, and to the page of their preferences."""

from typing import NamedTuple
from uuid import UUID

from crm.chassis import links
from crm.chassis.keys import Keys

_ID = 16
_VERSION = 4


class AskedFor(NamedTuple):
    """A request for consent: the stream of the consent, and the version that its request has there."""

    consent: UUID
    version: int


def confirmation_token(keys: Keys, asked: AskedFor) -> str:
    """What the link to confirm a request for consent ends with (M3). Raises `KeyringUnavailable`."""
    return links.sign(keys, "confirm", asked.consent.bytes + asked.version.to_bytes(_VERSION, "big"))


def read_confirmation(keys: Keys, token: str) -> AskedFor | None:
    """The request a link belongs to; None if it was not made here. Raises `KeyringUnavailable`."""
    named = links.read(keys, "confirm", token, _ID + _VERSION)
    return AskedFor(UUID(bytes=named[:_ID]), int.from_bytes(named[_ID:], "big")) if named else None


def preference_token(keys: Keys, contact: UUID) -> str:
    """What the link to a person's preferences ends with. Raises `KeyringUnavailable`."""
    return links.sign(keys, "preferences", contact.bytes)


def read_preference(keys: Keys, token: str) -> UUID | None:
    """Whose preferences a link leads to; None if it was not made here. Raises `KeyringUnavailable`."""
    named = links.read(keys, "preferences", token, _ID)
    return UUID(bytes=named) if named else None
