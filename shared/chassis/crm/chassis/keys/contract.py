"""What the rest of the suite knows of keys."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct


class KeyringUnavailable(Exception):  # noqa: N818 (named as people speak)
    """The keyring cannot be used now. The sentence says what to do; trying again later is safe."""


class Destroyed(Exception):  # noqa: N818
    """The subject's key was destroyed, so there will never be a key for it again."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"The personal data of {subject} was erased. Nothing personal can be recorded about it again.")
        self.subject = subject


class KeyMissing(Exception):  # noqa: N818
    """Something is sealed with a key that the keyring neither has nor ever destroyed: the keyring lost it."""

    def __init__(self, subject: UUID) -> None:
        super().__init__(f"The keyring has lost the key of {subject}. Restore the keyring from a newer backup.")
        self.subject = subject


class Destruction(Struct, frozen=True):
    """That a subject's key was destroyed, and when (UTC)."""

    subject: UUID
    destroyed_at: datetime


class Keys(Protocol):
    """The keys of the people a service records facts about. Thread-safe. All methods may raise `KeyringUnavailable`."""

    def seal(self, subject: UUID, event_id: str, plaintext: bytes) -> str:
        """Encrypts into a compact JWE, with a new key if the subject has none. Raises `Destroyed`."""

    def unseal(self, token: str) -> bytes | None:
        """Decrypts a compact JWE; None when the key was destroyed. Raises `BrokenSeal` and `KeyMissing`."""

    def prefetch(self, subjects: Collection[UUID]) -> None:
        """Reads the keys of a batch at once, so that unsealing the batch asks the keyring no more."""

    def create(self, subjects: Collection[UUID]) -> None:
        """Makes the missing keys of a batch at once. Raises `Destroyed` if one is a tombstone; the others are made."""

    def evict(self, subject: UUID) -> None:
        """Forgets a key that was read before. Called when a contact's erasure is learned."""

    def destroy(self, subject: UUID) -> None:
        """Destroys a key for ever and leaves a tombstone, also where there never was a key. May be repeated."""

    def is_destroyed(self, subject: UUID) -> bool:
        """Whether there is a tombstone, asked of the keyring itself."""

    def disclose(self, subject: UUID) -> bytes | None:
        """The 32 bytes of a key, for a reader with the right to them; None when destroyed. Raises `KeyMissing`."""

    def claim_ids(self, kind: str, match_key: str) -> list[UUID]:
        """The stream ids of a claim, one for each live claim key, newest first."""

    def provisional_id(self, kind: str, match_key: str) -> UUID:
        """The contact id that every service mints for the same person, as long as nobody knows who that is."""

    def keyed_hash(self, content: bytes) -> bytes:
        """HMAC-SHA256 under the oldest live claim key, so it only changes when that key is retired."""
