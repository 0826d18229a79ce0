"""Keys wrapped by the master key. What lies in the keyring's backups is worth nothing without it."""

import hashlib
import hmac
import os
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crm.chassis.keys.contract import KeyringUnavailable
from crm.chassis.keys.jwe import KEY_BYTES, BrokenSeal

MARK_BYTES = 4
"""A wrapped key starts with a mark of its master key, so that a rotation knows what is left to do."""
_IV_BYTES = 12


class MasterKey:
    """One master key: 32 bytes, given at deployment. Raises `ValueError` for any other length."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"A master key has {KEY_BYTES} bytes; this one has {len(key)}.")
        self._cipher = AESGCM(key)
        self.mark = hmac.digest(key, b"mark of a master key", hashlib.sha256)[:MARK_BYTES]

    def wrap(self, key: bytes, owner: bytes) -> bytes:
        """Encrypts a key so that it only opens for its owner (a subject, a version)."""
        iv = os.urandom(_IV_BYTES)
        return self.mark + iv + self._cipher.encrypt(iv, key, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes:
        """Raises `BrokenSeal` if this is not what was wrapped for the owner."""
        iv, ciphertext = wrapped[MARK_BYTES : MARK_BYTES + _IV_BYTES], wrapped[MARK_BYTES + _IV_BYTES :]
        try:
            return self._cipher.decrypt(iv, ciphertext, owner)
        except (InvalidTag, ValueError):
            raise BrokenSeal("A key in the keyring was changed there. Restore the keyring from a backup.") from None


class MasterKeys:
    """The master key that wraps, and older ones that still unwrap while a rotation is under way."""

    def __init__(self, current: bytes, older: Sequence[bytes] = ()) -> None:
        self._current = MasterKey(current)
        self._by_mark = {key.mark: key for key in (*map(MasterKey, older), self._current)}

    def wrap(self, key: bytes, owner: bytes) -> bytes:
        return self._current.wrap(key, owner)

    def unwrap(self, wrapped: bytes, owner: bytes) -> bytes:
        """Raises `KeyringUnavailable` if the key was wrapped by a master key that was not given."""
        master = self._by_mark.get(wrapped[:MARK_BYTES])
        if master is None:
            raise KeyringUnavailable(
                "The keyring is wrapped by another master key. Give this process the one in use, "
                "and during a rotation the older one too."
            )
        return master.unwrap(wrapped, owner)


def of_subject(subject: bytes) -> bytes:
    """Whom a subject's key is wrapped for: the 16 bytes of its UUID."""
    return b"subject:" + subject


def of_claim_key(version: int) -> bytes:
    """What a claim key is wrapped for."""
    return b"claim key:%d" % version
