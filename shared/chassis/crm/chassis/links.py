"""Signed links: addresses nobody can guess, that tell nothing of anybody and need no table to be understood.

A token names something in bytes, and a keyed hash shows that it was made here for one purpose. Every service with the
keyring can make and read it. It holds as long as the claim key it was made under is live.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from secrets import compare_digest

from crm.chassis.keys import Keys

_HASHED = 16


def sign(keys: Keys, purpose: str, named: bytes) -> str:
    """The token that names this for a purpose. Raises `KeyringUnavailable`."""
    return urlsafe_b64encode(named + _hashes(keys, purpose, named)[0]).decode().rstrip("=")


def read(keys: Keys, purpose: str, token: str, size: int) -> bytes | None:
    """The `size` bytes a token names; None if it was not made here for this purpose. Raises `KeyringUnavailable`."""
    try:
        content = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        return None
    named, proof = content[:size], content[size:]
    if len(proof) != _HASHED or not any(compare_digest(proof, each) for each in _hashes(keys, purpose, named)):
        return None
    return named


def _hashes(keys: Keys, purpose: str, named: bytes) -> list[bytes]:
    """Under every live key, the newest first."""
    return [each.bytes for each in keys.claim_ids(f"{purpose} link", named.hex())]
