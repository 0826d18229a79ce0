"""Keys of issuers over HTTP: fetched once, again for a new one, and kept while the issuer is away."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from jwt.algorithms import OKPAlgorithm, RSAAlgorithm

from crm.chassis.auth import IssuerUnreachable, LocalIssuer, TokenVerifier
from crm.chassis.auth.key_sets import RemoteKeys


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    return LocalIssuer(tmp_path / "issuer")


class _Jwks(BaseHTTPRequestHandler):
    content: ClassVar[bytes] = b""
    asked: ClassVar[int] = 0

    def do_GET(self) -> None:  # noqa: N802 (the library's name)
        type(self).asked += 1
        self.send_response(200 if self.content else 503)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the library's name)
        """Tests print nothing."""


@pytest.fixture
def published() -> Iterator[tuple[str, type[_Jwks]]]:
    """The address of an issuer's keys, and what it answers."""

    class Jwks(_Jwks):
        pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Jwks) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/jwks", Jwks
        server.shutdown()


Published = tuple[str, type[_Jwks]]


def test_keys_are_fetched_once_and_again_for_a_new_one(
    issuer: LocalIssuer, tmp_path: Path, published: Published
) -> None:
    url, jwks = published
    file = tmp_path / "issuer" / "jwks.json"
    jwks.content = file.read_bytes()
    keys = RemoteKeys(url, ask_again_after_s=0.0)
    first = jwt.get_unverified_header(issuer.issue("ada"))["kid"]
    assert keys.key(first) and keys.key(first) and jwks.asked == 1
    issuer.rotate()
    jwks.content = file.read_bytes()
    assert keys.key(jwt.get_unverified_header(issuer.issue("ada"))["kid"])
    assert jwks.asked == 2


def test_unknown_keys_do_not_make_us_ask_all_the_time(
    tmp_path: Path, issuer: LocalIssuer, published: Published
) -> None:
    url, jwks = published
    jwks.content = (tmp_path / "issuer" / "jwks.json").read_bytes()
    keys = RemoteKeys(url)
    assert [keys.key(f"unknown-{n}") for n in range(10)] == [None] * 10
    assert jwks.asked == 1


def test_known_keys_stay_in_use_while_the_issuer_is_away(
    issuer: LocalIssuer, tmp_path: Path, published: Published
) -> None:
    url, jwks = published
    jwks.content = (tmp_path / "issuer" / "jwks.json").read_bytes()
    keys = RemoteKeys(url, ask_again_after_s=0.0)
    known = jwt.get_unverified_header(issuer.issue("ada"))["kid"]
    assert keys.key(known)
    jwks.content = b""
    assert keys.key("unknown") is None
    assert keys.key(known)


@pytest.mark.parametrize("content", [b"", b"no json", b"[]", b'{"keys": []}'])
def test_an_issuer_that_never_answered_well_cannot_be_asked(published: Published, content: bytes) -> None:
    url, jwks = published
    jwks.content = content
    with pytest.raises(IssuerUnreachable):
        RemoteKeys(url).key("any")


@pytest.mark.parametrize("algorithm", ["RS256", "EdDSA"])
def test_other_providers_sign_with_other_keys(published: Published, algorithm: str) -> None:
    url, jwks = published
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
    if algorithm == "RS256":
        key = rsa.generate_private_key(65537, 2048)
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(key.public_key(), as_dict=True)
    jwks.content = json.dumps({"keys": [public | {"kid": "k1", "use": "sig"}]}).encode()
    claims = {"iss": "i", "aud": ["a", "b"], "sub": "ada", "exp": int(time.time()) + 60}
    token = jwt.encode(claims, key, algorithm, headers={"kid": "k1"})
    assert TokenVerifier(issuer="i", audience="a", jwks_url=url).verify(token).subject == "ada"
