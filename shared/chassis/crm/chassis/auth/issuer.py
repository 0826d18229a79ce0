"""A token issuer for one machine and for tests. In production any OpenID Connect provider takes its place."""

import json
import os
import time
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from crm.chassis.auth.verifier import TokenVerifier

ISSUER = "rapport"
AUDIENCE = "rapport"
KEYS_KEPT = 3
"""Public keys that stay published after a rotation, so that tokens made before it still work."""


class LocalIssuer:
    """Signs tokens (ES256) with a key kept in `folder/signing-key.pem` (0600); publishes `folder/jwks.json`."""

    def __init__(self, folder: Path, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.issuer = issuer
        self.audience = audience
        self._key_file = folder / "signing-key.pem"
        self._jwks_file = folder / "jwks.json"
        if not (self._key_file.exists() and self._jwks_file.exists()):
            self.rotate()

    @property
    def jwks_url(self) -> str:
        """The address of the public keys."""
        return self._jwks_file.resolve().as_uri()

    def verifier(self, leeway_s: float = 30.0) -> TokenVerifier:
        """What verifies this issuer's tokens."""
        return TokenVerifier(issuer=self.issuer, audience=self.audience, jwks_url=self.jwks_url, leeway_s=leeway_s)

    def rotate(self) -> None:
        """Makes a new signing key; tokens signed with the last ones stay valid."""
        key = ec.generate_private_key(ec.SECP256R1())
        public: dict[str, Any] = ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
        public |= {"kid": _key_id(key.public_key()), "use": "sig", "alg": "ES256"}
        published = json.loads(self._jwks_file.read_bytes())["keys"] if self._jwks_file.exists() else []
        _replace(self._jwks_file, json.dumps({"keys": [public, *published][:KEYS_KEPT]}).encode(), mode=0o644)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _replace(self._key_file, pem, mode=0o600)

    def issue(
        self,
        subject: str,
        scopes: Iterable[str] = (),
        *,
        ttl_s: float = 3600.0,
        kind: Literal["user", "service"] = "user",
        **claims: Any,
    ) -> str:
        """A token for a subject with these permissions, valid for `ttl_s` seconds; further claims as given."""
        now = int(time.time())
        key = serialization.load_pem_private_key(self._key_file.read_bytes(), password=None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        members = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "iat": now,
            "exp": now + int(ttl_s),
            "scope": " ".join(scopes),
            "kind": kind,
        }
        headers = {"kid": _key_id(key.public_key())}
        return jwt.encode(members | claims, key, algorithm="ES256", headers=headers)


def _key_id(key: ec.EllipticCurvePublicKey) -> str:
    """Follows from the key itself, so a token never names another key than the one that signed it."""
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(encoded).hexdigest()[:32]


def _replace(path: Path, content: bytes, *, mode: int) -> None:
    """Writes a file in one step; nobody ever reads half of it, or a private key with open permissions."""
    new = path.with_name(f"{path.name}.{uuid4().hex}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)
