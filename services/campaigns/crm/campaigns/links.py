"""Links in mails: a token names a message and, for a click, which link of its text (see `crm.chassis.links`)."""

from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from crm.chassis import links
from crm.chassis.keys import Keys

Purpose: TypeAlias = Literal["click", "unsubscribe"]

_NAMED = 16
_NUMBERED = 2


class Followed(NamedTuple):
    """What a token stands for. `link` is 0 where it is not about a link of the text."""

    message: UUID
    link: int


def token(keys: Keys, purpose: Purpose, message: UUID, link: int = 0) -> str:
    """The token of a link in a message. Raises `KeyringUnavailable`."""
    return links.sign(keys, purpose, message.bytes + link.to_bytes(_NUMBERED, "big"))


def read(keys: Keys, purpose: Purpose, given: str) -> Followed | None:
    """What a token stands for; None if it was not made here for this purpose. Raises `KeyringUnavailable`."""
    named = links.read(keys, purpose, given, _NAMED + _NUMBERED)
    return Followed(UUID(bytes=named[:_NAMED]), int.from_bytes(named[_NAMED:], "big")) if named else None
