"""Uniqueness: how strictly an identifier is one person's alone, and which name nobody, in one deployment (C3)."""

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias

from crm.chassis.people.identity import Identifier, email_identifier

Rule: TypeAlias = Literal["block", "warn", "allow"]
"""What becomes of an identifier that somebody else holds: it is refused; kept as shared, with a warning; or kept."""

RuledKind: TypeAlias = Literal["email", "phone", "device"]
"""The kinds a deployment decides on. Another system's id is always one person's alone."""

RULES: Mapping[RuledKind, Rule] = {"email": "block", "phone": "warn", "device": "block"}
"""Unless a deployment says otherwise: households and switchboards share a number, hardly anybody an address."""


class Uniqueness:
    """A deployment's rules. What they led to is recorded in the facts, so a change of them changes no past."""

    def __init__(
        self, rules: Mapping[RuledKind, Rule] = RULES, own_domains: Iterable[str] = (), blocked: Iterable[str] = ()
    ) -> None:
        """`own_domains` are the deployment's own, `blocked` addresses, numbers (E.164) and ids. Raises `ValueError`."""
        self._rules: Mapping[str, Rule] = dict([*RULES.items(), *rules.items()])
        self._own_domains = frozenset(map(_domain, own_domains))
        self._blocked = frozenset(map(_blocked, blocked))

    def rule(self, kind: str) -> Rule:
        """The rule for a kind of identifier."""
        return self._rules.get(kind, "block")

    def names_nobody(self, identifier: Identifier) -> bool:
        """Whether it is an address of the deployment's own or a blocked value: kept, but never matched."""
        kind, key = identifier
        if kind == "email" and key.rpartition("@")[2] in self._own_domains:
            return True
        value = key.partition(":")[2] if kind == "external_id" else key
        return not self._blocked.isdisjoint((key.lower(), value.lower()))


def _domain(entered: str) -> str:
    identifier = email_identifier(f"x@{entered.strip()}")
    if identifier is None:
        raise ValueError(f"{entered!r} is not a domain. Give one such as company.example.")
    return identifier.match_key.rpartition("@")[2]


def _blocked(entered: str) -> str:
    identifier = email_identifier(entered) if "@" in entered else None
    return identifier.match_key if identifier else entered.strip().lower()
