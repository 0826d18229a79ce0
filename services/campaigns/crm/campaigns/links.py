"""Links in mails: addresses nobody can guess, that tell nothing of anybody and need no table to be understood.

A token names a message and, for a click, which link of its text; a keyed hash shows that it was made here. It holds as
long as the claim key it was made under is live.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import compare_digest
from typing import Literal, NamedTuple, TypeAlias
from uuid import UUID

from crm.chassis.keys import Keys

Purpose: TypeAlias = Literal["click", "unsubscribe"]

_NAMED = 16
_HASHED = 16
_NUMBERED = 2


class Followed(NamedTuple):
    """What a token stands for. `link` is 0 where it is not about a link of the text."""

    message: UUID
    link: int


def token(keys: Keys, purpose: Purpose, message: UUID, link: int = 0) -> str:
    """The token of a link in a message. Raises `KeyringUnavailable`."""
    named = message.bytes + link.to_bytes(_NUMBERED, "big")
    return urlsafe_b64encode(named + _hashes(keys, purpose, named)[0]).decode().rstrip("=")


def read(keys: Keys, purpose: Purpose, given: str) -> Followed | None:
    """What a token stands for; None if it was not made here for this purpose. Raises `KeyringUnavailable`."""
    try:
        content = urlsafe_b64decode(given.encode("ascii") + b"=" * (-len(given) % 4))
    except ValueError:
        return None
    named, proof = content[: _NAMED + _NUMBERED], content[_NAMED + _NUMBERED :]
    if len(proof) != _HASHED or not any(compare_digest(proof, each) for each in _hashes(keys, purpose, named)):
        return None
    return Followed(UUID(bytes=named[:_NAMED]), int.from_bytes(named[_NAMED:], "big"))


def _hashes(keys: Keys, purpose: Purpose, named: bytes) -> list[bytes]:
    """Under every live key, the newest first."""
    return [each.bytes for each in keys.claim_ids(f"{purpose} link", named.hex())]
