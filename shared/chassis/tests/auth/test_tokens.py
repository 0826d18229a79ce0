"""Tokens: who is believed, who is not, and how keys change."""

import json
import stat
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest

from crm.chassis.auth import Agent, IssuerUnreachable, LocalIssuer, Roles, Unauthenticated
from crm.chassis.auth.verifier import agent_of


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    return LocalIssuer(tmp_path / "issuer")


def test_a_token_proves_an_agent(issuer: LocalIssuer) -> None:
    token = issuer.issue("ada", ["contacts:read", "sales:write"], name="Ada")
    agent = issuer.verifier().verify(token)
    assert agent == Agent("ada", frozenset({"contacts:read", "sales:write"}), "user", "Ada")
    assert agent.actor == "user:ada"


def test_a_service_is_an_agent_too(issuer: LocalIssuer) -> None:
    assert issuer.verifier().verify(issuer.issue("bi", kind="service")).actor == "service:bi"
    assert agent_of({"sub": "x@clients", "gty": "client-credentials"}).kind == "service"
    assert agent_of({"sub": "robot", "azp": "robot"}).kind == "service"


@pytest.mark.parametrize(
    ("claims", "permitted"),
    [
        ({"scope": "contacts:read  sales:read openid"}, {"contacts:read", "sales:read"}),
        ({"permissions": ["keys:read", 5]}, {"keys:read"}),
        ({"permissions": "keys:read"}, {"keys:read"}),
        ({"roles": ["seller"]}, {"sales:read", "sales:write"}),
        ({"roles": "seller unheard-of"}, {"sales:read", "sales:write"}),
        ({"roles": ["unheard-of"]}, set()),
        ({"roles": ["seller"], "permissions": ["keys:read"]}, {"sales:read", "sales:write", "keys:read"}),
        ({"roles": ["seller"], "scope": "sales:read keys:read"}, {"sales:read"}),
        ({"roles": ["chief"], "scope": "sales:*"}, {"sales:read", "sales:write"}),
        ({"permissions": ["*"], "scope": "openid email"}, {"sales:read", "sales:write", "keys:read", "contacts:read"}),
        ({"permissions": [], "scope": "sales:read"}, set()),
        ({}, set()),
    ],
)
def test_roles_and_permissions_grant_and_scopes_limit(claims: dict[str, Any], permitted: set[str]) -> None:
    roles = Roles({"seller": ["sales:read", "sales:write"], "chief": ["*"]})
    agent = agent_of({"sub": "a", **claims}, roles)
    asked = {"contacts:read", "sales:read", "sales:write", "keys:read"}
    assert {each for each in asked if agent.may(each)} == permitted


def test_a_token_tells_the_teams_of_its_agent() -> None:
    assert agent_of({"sub": "a", "teams": ["north", "key-accounts"]}).teams == {"north", "key-accounts"}
    assert agent_of({"sub": "a", "team": "north"}).teams == {"north"}
    assert agent_of({"sub": "a", "teams": 7}).teams == frozenset()


@pytest.mark.parametrize(
    ("granted", "asked", "may"),
    [
        ("contacts:read", "contacts:read", True),
        ("contacts:read", "contacts:write", False),
        ("contacts:*", "contacts:write", True),
        ("contacts:*", "sales:write", False),
        ("*", "sales:write", True),
        ("contacts", "contacts:read", False),
    ],
)
def test_what_permissions_permit(granted: str, asked: str, may: bool) -> None:
    assert Agent("ada", frozenset({granted})).may(asked) is may


def test_the_signing_key_is_readable_by_its_owner_only(issuer: LocalIssuer, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "issuer" / "signing-key.pem").stat().st_mode) == 0o600
    assert '"d"' not in (tmp_path / "issuer" / "jwks.json").read_text()


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"iss": "https://elsewhere.example"}, "another issuer"),
        ({"aud": "another"}, "another audience"),
        ({"exp": 1_000}, "expired"),
        ({"nbf": 9_999_999_999}, "not valid yet"),
        ({"exp": "soon"}, "not valid"),
        ({"sub": 5}, "not valid"),
        ({"sub": ""}, "subject"),
        ({"sub": "a\x00b"}, "subject"),
        ({"sub": "x" * 201}, "subject"),
    ],
)
def test_claims_that_do_not_hold(issuer: LocalIssuer, claims: dict[str, Any], words: str) -> None:
    with pytest.raises(Unauthenticated, match=words):
        issuer.verifier().verify(issuer.issue("ada", **claims))


def test_a_token_needs_its_claims(issuer: LocalIssuer, tmp_path: Path) -> None:
    key = (tmp_path / "issuer" / "signing-key.pem").read_bytes()
    key_id = jwt.get_unverified_header(issuer.issue("ada"))["kid"]
    bare = jwt.encode({"iss": issuer.issuer, "aud": issuer.audience}, key, "ES256", headers={"kid": key_id})
    with pytest.raises(Unauthenticated, match="lacks a claim"):
        issuer.verifier().verify(bare)


def test_leeway_forgives_clocks_that_differ(issuer: LocalIssuer) -> None:
    token = issuer.issue("ada", exp=int(time.time()) - 10)
    assert issuer.verifier(leeway_s=60).verify(token).subject == "ada"
    with pytest.raises(Unauthenticated):
        issuer.verifier(leeway_s=1).verify(token)


def test_a_changed_token_is_refused(issuer: LocalIssuer) -> None:
    header, _, signature = issuer.issue("ada").split(".")
    claims = _part({"iss": issuer.issuer, "aud": issuer.audience, "sub": "root", "exp": 9_999_999_999})
    with pytest.raises(Unauthenticated):
        issuer.verifier().verify(f"{header}.{claims}.{signature}")


@pytest.mark.parametrize("algorithm", ["none", "HS256", "ES512"])
def test_other_algorithms_are_refused(issuer: LocalIssuer, tmp_path: Path, algorithm: str) -> None:
    key_id = jwt.get_unverified_header(issuer.issue("ada"))["kid"]
    claims = {"iss": issuer.issuer, "aud": issuer.audience, "sub": "root", "exp": 9_999_999_999}
    token = f"{_part({'alg': algorithm, 'kid': key_id})}.{_part(claims)}."
    with pytest.raises(Unauthenticated, match="ES256"):
        issuer.verifier().verify(token)


def test_a_key_of_another_kind_than_the_header_says_is_refused(issuer: LocalIssuer) -> None:
    _, claims, signature = issuer.issue("ada").split(".")
    key_id = jwt.get_unverified_header(issuer.issue("ada"))["kid"]
    with pytest.raises(Unauthenticated):
        issuer.verifier().verify(f"{_part({'alg': 'RS256', 'kid': key_id})}.{claims}.{signature}")


def test_a_key_that_nobody_published_is_refused(issuer: LocalIssuer, tmp_path: Path) -> None:
    stranger = LocalIssuer(tmp_path / "stranger")
    with pytest.raises(Unauthenticated, match="does not publish"):
        issuer.verifier().verify(stranger.issue("ada"))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "....", "é", "\ud800", "x" * 10_000, f"{'e' * 20}.e30.e30"])
def test_what_is_no_token_is_refused(issuer: LocalIssuer, token: str) -> None:
    with pytest.raises(Unauthenticated):
        issuer.verifier().verify(token)
    assert issuer.verifier().remembered(token) is None


def test_keys_rotate_while_older_tokens_stay_good(issuer: LocalIssuer) -> None:
    verifier, before = issuer.verifier(), issuer.issue("ada")
    verifier.verify(before)
    issuer.rotate()
    assert verifier.verify(issuer.issue("bob")).subject == "bob"
    assert verifier.verify(before).subject == "ada"
    for _ in range(3):
        issuer.rotate()
    with pytest.raises(Unauthenticated, match="does not publish"):
        verifier.verify(before)


def test_a_restarted_issuer_keeps_its_key(issuer: LocalIssuer, tmp_path: Path) -> None:
    token = LocalIssuer(tmp_path / "issuer").issue("ada")
    assert issuer.verifier().verify(token).subject == "ada"


def test_a_verified_token_is_remembered_until_it_expires(issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
    verifier, token = issuer.verifier(), issuer.issue("ada", ttl_s=30)
    assert verifier.remembered(token) is None
    verifier.verify(token)
    assert verifier.remembered(token) == Agent("ada", frozenset())
    now = time.time()
    monkeypatch.setattr("crm.chassis.auth.verifier.time.time", lambda: now + 31)
    assert verifier.remembered(token) is None


def test_an_issuer_whose_file_is_gone_cannot_be_asked(issuer: LocalIssuer, tmp_path: Path) -> None:
    token, verifier = issuer.issue("ada"), issuer.verifier()
    (tmp_path / "issuer" / "jwks.json").unlink()
    with pytest.raises(IssuerUnreachable):
        verifier.verify(token)


def _part(content: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()
