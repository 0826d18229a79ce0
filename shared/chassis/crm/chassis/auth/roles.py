"""Roles: named sets of permissions, the same in every service, so that each decides alone from a token."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

PERMISSION = re.compile(r"[a-z][a-z-]*:[a-z][a-z-]*")
_GRANT = re.compile(rf"{PERMISSION.pattern}|[a-z][a-z-]*:\*|\*")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,59}")

AREAS = ("contacts", "sales", "service-desk", "campaigns", "analytics", "keys")
"""What permissions are about: the services, and the keys of personal data."""

_READ = ("contacts:read", "sales:read", "service-desk:read", "campaigns:read", "analytics:read")
_AGENT = (*_READ, "contacts:read-addresses", "contacts:write", "contacts:consent", "sales:write", "service-desk:write")

SHIPPED: Mapping[str, Sequence[str]] = {
    "reader": _READ,
    "agent": _AGENT,
    "marketer": (*_READ, "contacts:read-addresses", "contacts:export", "campaigns:write", "campaigns:send"),
    "manager": (
        *(
            *_AGENT,
            "contacts:read-private",
            "contacts:read-all",
            "contacts:merge",
            "contacts:import",
            "contacts:export",
        ),
        *("contacts:audit", "sales:configure", "campaigns:write", "campaigns:send"),
    ),
    "privacy-officer": (
        *(*_READ, "contacts:read-addresses", "contacts:read-private", "contacts:read-hr", "contacts:read-all"),
        *("contacts:write", "contacts:consent", "contacts:merge", "contacts:export", "contacts:audit"),
        *("contacts:erase", "contacts:legal", "contacts:privacy", "sales:privacy", "service-desk:privacy"),
        *("campaigns:privacy", "analytics:privacy"),
    ),
    "administrator": ("*",),
    "integration": (
        *(*_AGENT, "contacts:read-all", "contacts:import", "contacts:export", "campaigns:write", "keys:read"),
    ),
}
"""The roles every deployment has, unless it says otherwise."""


class UnreadableRoles(ValueError):  # noqa: N818 (named as people speak)
    """The roles of a deployment cannot be used; the text says which one and why."""


class Roles:
    """What each role permits."""

    def __init__(self, roles: Mapping[str, Iterable[str]] = SHIPPED) -> None:
        """Raises `UnreadableRoles`."""
        self.permissions = {name: frozenset(permissions) for name, permissions in roles.items()}
        for name, permissions in self.permissions.items():
            _check(name, permissions)

    @classmethod
    def read(cls, setting: str) -> "Roles":
        """The shipped roles, with those that JSON, or a file of it, adds or defines anew. Raises `UnreadableRoles`."""
        if not setting.strip():
            return cls()
        text = setting if setting.lstrip().startswith("{") else _content(Path(setting))
        try:
            given = json.loads(text)
        except ValueError as error:
            raise UnreadableRoles(f"The roles are not JSON: {error}.") from error
        if not isinstance(given, dict) or not all(_is_words(each) for each in given.values()):
            raise UnreadableRoles('Give roles as JSON: {"<role>": ["<permission>", …]}.')
        return cls({**SHIPPED, **given})

    def grant(self, names: Iterable[str]) -> frozenset[str]:
        """What some roles permit together. A role that is not known here permits nothing."""
        return frozenset[str]().union(*(self.permissions.get(name, frozenset()) for name in names))


def is_grant(word: str) -> bool:
    """Whether a word permits something here: `contacts:read`, `contacts:*` or `*`."""
    return _GRANT.fullmatch(word) is not None


def _check(name: str, permissions: Iterable[str]) -> None:
    if not _NAME.fullmatch(name):
        raise UnreadableRoles(f"A role is called like privacy-officer, not {name!r}.")
    for each in permissions:
        if not is_grant(each):
            raise UnreadableRoles(f"The role {name} has the permission {each!r}; permissions read like contacts:read.")
        if each != "*" and each.partition(":")[0] not in AREAS:
            raise UnreadableRoles(f"The role {name} has the permission {each}; none begins so, but {', '.join(AREAS)}.")


def _is_words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeError) as error:
        raise UnreadableRoles(f"The file with the roles cannot be read: {path} ({type(error).__name__}).") from error
