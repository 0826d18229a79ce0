"""Two JOSE libraries. Each is given its key ready to use, as ours is."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable

from joserfc import jwe as joserfc_jwe
from joserfc.jwk import OctKey
from jwcrypto import jwe as jwcrypto_jwe
from jwcrypto import jwk

_ALGORITHMS = ["dir", "A256GCM"]


def joserfc_seal(key: bytes, plaintext: bytes, kid: str, eid: str) -> Callable[[], object]:
    """What encrypts with joserfc."""
    own, registry = OctKey.import_key(key), joserfc_jwe.JWERegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    header = {"alg": "dir", "enc": "A256GCM", "kid": kid, "eid": eid}
    return lambda: joserfc_jwe.encrypt_compact(header, plaintext, own, registry=registry)


def joserfc_open(key: bytes, token: str) -> Callable[[], object]:
    """What decrypts with joserfc."""
    own, registry = OctKey.import_key(key), joserfc_jwe.JWERegistry(algorithms=_ALGORITHMS, strict_check_header=False)
    return lambda: joserfc_jwe.decrypt_compact(token, own, registry=registry).plaintext


def jwcrypto_seal(key: bytes, plaintext: bytes, kid: str, eid: str) -> Callable[[], object]:
    """What encrypts with jwcrypto."""
    own = _own(key)
    header = json.dumps({"alg": "dir", "enc": "A256GCM", "kid": kid, "eid": eid})

    def seal() -> object:
        token = jwcrypto_jwe.JWE(plaintext, header)
        token.add_recipient(own)
        return token.serialize(compact=True)

    return seal


def jwcrypto_open(key: bytes, token: str) -> Callable[[], object]:
    """What decrypts with jwcrypto."""
    own = _own(key)

    def open_it() -> object:
        opened = jwcrypto_jwe.JWE()
        opened.deserialize(token, own)
        return opened.payload

    return open_it


def _own(key: bytes) -> jwk.JWK:
    return jwk.JWK(kty="oct", k=urlsafe_b64encode(key).decode().rstrip("="))
