"""Sealed values: JWE (RFC 7516), compact, `dir` with `A256GCM`. Any JOSE library opens them with the key.

Own code because every fact goes through here: a library takes twice to four times as long.
"""

import binascii
import os
from typing import NamedTuple
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
_IV_BYTES, _TAG_BYTES, _ENCODED_TAG = 12, 16, 22

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/=", b"+/!!!")
"""What base64url does not have becomes something the strict decoder refuses."""
_FULL_TAILS = {2: b"AQgw", 3: b"AEIMQUYcgkosw048"}
"""Last characters whose unused bits are zero. Without this check some changed tokens would still open."""


class BrokenSeal(ValueError):  # noqa: N818 (named as people speak)
    """A sealed value is not what was written: malformed, changed, or sealed with another key."""


class _Header(msgspec.Struct):
    alg: str
    enc: str
    kid: UUID
    eid: str = ""
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    zip: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_json = msgspec.json.Encoder()
_header = msgspec.json.Decoder(_Header)


class Token(NamedTuple):
    """A compact JWE, taken apart but not opened."""

    subject: UUID
    event_id: str
    protected: bytes
    iv: bytes
    ciphertext: bytes
    """With the tag at its end."""


class SubjectKey:
    """One subject's key, ready for use from any thread."""

    __slots__ = ("_cipher", "_header_start", "subject")

    def __init__(self, subject: UUID, key: bytes) -> None:
        self.subject = subject
        self._cipher = AESGCM(key)
        self._header_start = b'{"alg":"dir","enc":"A256GCM","kid":"%s","eid":' % str(subject).encode()

    def seal(self, event_id: str, plaintext: bytes) -> str:
        """Encrypts into a compact JWE whose header is bound to the subject and the event."""
        protected = _encoded(self._header_start + _json.encode(event_id) + b"}")
        iv = os.urandom(_IV_BYTES)
        sealed = self._cipher.encrypt(iv, plaintext, protected)
        ciphertext, tag = _encoded(sealed[:-_TAG_BYTES]), _encoded(sealed[-_TAG_BYTES:])
        return (b"%s..%s.%s.%s" % (protected, _encoded(iv), ciphertext, tag)).decode("ascii")

    def open(self, token: Token) -> bytes:
        """Decrypts. Raises `BrokenSeal` if anything of the token was changed."""
        try:
            return self._cipher.decrypt(token.iv, token.ciphertext, token.protected)
        except InvalidTag:
            raise BrokenSeal(
                f"The personal part of event {token.event_id} does not open with the key of {token.subject}: "
                "it was changed after it was written, or sealed with another key."
            ) from None


def parse(token: str) -> Token:
    """Takes a compact JWE apart. Raises `BrokenSeal` unless it is one of ours by form."""
    try:
        protected, encrypted_key, iv, ciphertext, tag = token.encode("ascii").split(b".")
        header = _header.decode(_decoded(protected))
        parts = Token(header.kid, header.eid, protected, _decoded(iv), _decoded(ciphertext) + _decoded(tag))
    except (ValueError, binascii.Error, msgspec.MsgspecError):
        raise BrokenSeal("This is not a sealed value: it has not the form of a compact JWE with a key id.") from None
    if header.alg != "dir" or header.enc != "A256GCM" or encrypted_key:
        raise BrokenSeal("This value is sealed in another way than `dir` with `A256GCM`, which is all we accept.")
    if header.crit is not msgspec.UNSET or header.zip is not msgspec.UNSET:
        raise BrokenSeal("This value is sealed with extensions (`crit`, `zip`) that we do not accept.")
    if len(parts.iv) != _IV_BYTES or len(tag) != _ENCODED_TAG:
        raise BrokenSeal("This value is sealed with an initialisation vector or a tag of the wrong length.")
    return parts


def _encoded(content: bytes) -> bytes:
    return binascii.b2a_base64(content, newline=False).translate(_TO_URL, b"=")


def _decoded(text: bytes) -> bytes:
    rest = len(text) % 4
    if rest and text[-1] not in _FULL_TAILS.get(rest, b""):
        raise ValueError("not canonical base64url")
    return binascii.a2b_base64(text.translate(_FROM_URL) + b"=" * (-rest % 4), strict_mode=True)
