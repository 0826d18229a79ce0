"""Verifying bearer tokens (RFC 9068, RFC 7519) of any OpenID Connect issuer, through its published keys."""

import time
from hashlib import sha256
from typing import Any, Literal

import jwt

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.key_sets import KeySet, key_set
from crm.chassis.auth.refusals import Unauthenticated
from crm.chassis.auth.roles import Roles, is_grant

ALGORITHMS = ("ES256", "RS256", "EdDSA")
LONGEST_TOKEN = 8_192
LONGEST_SUBJECT = 200
REMEMBERED_S = 60.0
"""How long a verified token is believed without looking again; a withdrawn key counts at most this much longer."""
REMEMBERED_TOKENS = 10_000
_SHIPPED = Roles()

_REFUSALS: dict[type[jwt.InvalidTokenError], str] = {
    jwt.ExpiredSignatureError: "This token has expired. Sign in again.",
    jwt.ImmatureSignatureError: "This token is not valid yet.",
    jwt.InvalidAudienceError: "This token was made for another audience.",
    jwt.InvalidIssuerError: "This token comes from another issuer.",
    jwt.MissingRequiredClaimError: "This token lacks a claim: it needs exp, iss, aud and sub.",
}


class TokenVerifier:
    """Turns a token into the agent it proves. Thread-safe."""

    def __init__(
        self, *, issuer: str, audience: str, jwks_url: str, leeway_s: float = 30.0, roles: Roles = _SHIPPED
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        self._leeway_s = leeway_s
        self._roles = roles
        self._keys: KeySet = key_set(jwks_url)
        self._remembered: dict[bytes, tuple[float, Agent]] = {}

    def remembered(self, token: str) -> Agent | None:
        """The agent of a token verified a moment ago; quick, for the event loop."""
        known = self._remembered.get(_digest(token))
        return known[1] if known and time.time() < known[0] else None

    def verify(self, token: str) -> Agent:
        """The agent a token proves. May fetch keys (3 s at most). Raises `Unauthenticated`, `IssuerUnreachable`."""
        key = self._keys.key(_key_id(token))
        if key is None:
            raise Unauthenticated("This token is signed with a key that its issuer does not publish.")
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=self._leeway_s,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.InvalidTokenError as error:
            raise Unauthenticated(_REFUSALS.get(type(error), "This token is not valid.")) from error
        agent = agent_of(claims, self._roles)
        self._remember(token, agent, float(claims["exp"]))
        return agent

    def _remember(self, token: str, agent: Agent, expires: float) -> None:
        while len(self._remembered) >= REMEMBERED_TOKENS:
            self._remembered.pop(next(iter(self._remembered)), None)
        self._remembered[_digest(token)] = (min(expires, time.time() + REMEMBERED_S), agent)


def agent_of(claims: dict[str, Any], roles: Roles = _SHIPPED) -> Agent:
    """The agent that a token's claims describe.

    `permissions` and `roles` grant. `scope` limits what they grant; where there is neither of them, it grants itself.
    Words of a scope that are no permissions, such as `openid`, count for neither.
    """
    subject = claims["sub"]
    if not (0 < len(subject) <= LONGEST_SUBJECT and subject.isascii() and subject.isprintable()):
        raise Unauthenticated("The subject of this token must be 1 to 200 printable ASCII characters.")
    scopes = frozenset(filter(is_grant, _words(claims, "scope")))
    has_grants = "permissions" in claims or "roles" in claims
    granted = frozenset(_words(claims, "permissions")) | roles.grant(_words(claims, "roles"))
    name = claims.get("name")
    return Agent(
        subject,
        granted if has_grants else scopes,
        _kind(claims),
        name if isinstance(name, str) else None,
        scopes if has_grants and scopes else None,
        frozenset((*_words(claims, "teams"), *_words(claims, "team"))),
    )


def _words(claims: dict[str, Any], claim: str) -> list[str]:
    """A claim that is a list of words, or a text with spaces between them; issuers differ."""
    value = claims.get(claim)
    if isinstance(value, str):
        return value.split()
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _kind(claims: dict[str, Any]) -> Literal["user", "service"]:
    """Issuers differ in how they mark tokens of the client-credentials grant."""
    is_service = (
        claims.get("kind") == "service"
        or claims.get("gty") == "client-credentials"
        or claims["sub"] in (claims.get("client_id"), claims.get("azp"))
    )
    return "service" if is_service else "user"


def _key_id(token: str) -> str:
    if len(token) > LONGEST_TOKEN:
        raise Unauthenticated(f"This token is longer than {LONGEST_TOKEN:,} characters.")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, UnicodeError) as error:
        raise Unauthenticated("This is not a JSON Web Token.") from error
    if header.get("alg") not in ALGORITHMS:
        raise Unauthenticated(f"Tokens must be signed with one of {', '.join(ALGORITHMS)}.")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise Unauthenticated("This token does not name the key that signed it (kid).")
    return key_id


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "surrogatepass")).digest()
