"""Keyed hashes of identifiers. Whoever reads the log cannot guess an e-mail address from the id of its claim."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class ClaimKey:
    """One version of the random key under which identifiers are hashed."""

    version: int
    secret: bytes = field(repr=False)
    live_in_s: float = 0.0
    """Seconds from its reading until it is used. A new version is announced first, so all processes switch at once."""


class ClaimKeys:
    """The versions that were not retired, as they were read at one moment (`read_at`, seconds of a monotonic clock)."""

    def __init__(self, keys: Sequence[ClaimKey], read_at: float) -> None:
        self.read_at = read_at
        self._keys = sorted(keys, key=lambda key: key.version, reverse=True)

    def ids(self, kind: str, match_key: str, now: float) -> list[UUID]:
        """The streams of a claim, newest version first."""
        return [_uuid(_hash(key, b"claim", kind, match_key)) for key in self.live(now)]

    def provisional_id(self, kind: str, match_key: str, now: float) -> UUID:
        """A contact id under the newest version."""
        return _uuid(_hash(self.live(now)[0], b"provisional", kind, match_key))

    def keyed_hash(self, content: bytes, now: float) -> bytes:
        """A hash under the oldest version: the newest would change with every rotation."""
        return hmac.digest(self.live(now)[-1].secret, b"content\0" + content, hashlib.sha256)

    def live(self, now: float) -> list[ClaimKey]:
        """The versions in use at a moment of the monotonic clock, newest first; never empty."""
        return [key for key in self._keys if self.read_at + key.live_in_s <= now]


def _hash(key: ClaimKey, purpose: bytes, kind: str, match_key: str) -> bytes:
    # The length keeps ("a", "bc") and ("ab", "c") apart.
    named = kind.encode()
    return hmac.digest(key.secret, b"%s\0%d\0%s%s" % (purpose, len(named), named, match_key.encode()), hashlib.sha256)


def _uuid(digest: bytes) -> UUID:
    """A UUID of version 8 (RFC 9562: made in the application's own way) from the start of a digest."""
    number = int.from_bytes(digest[:16], "big")
    number = number & ~(0xF << 76) | 8 << 76
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
