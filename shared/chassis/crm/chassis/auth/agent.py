"""Who asks: a person or a service, and what it may do."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

EVERYTHING = "*"


@dataclass(frozen=True)
class Agent:
    """Somebody whose token was verified. Permissions read `contacts:read`, `contacts:*` or `*` (everything)."""

    subject: str
    permissions: frozenset[str]
    """What was granted: by name, and by the roles."""
    kind: Literal["user", "service"] = "user"
    name: str | None = None
    limits: frozenset[str] | None = None
    """The scopes this token is limited to; None: to none."""
    teams: frozenset[str] = frozenset()

    @property
    def actor(self) -> str:
        """How facts name this agent, such as `user:ada`."""
        return f"{self.kind}:{self.subject}"

    def may(self, permission: str) -> bool:
        """Whether it was granted, and lies within the scopes."""
        return _covers(self.permissions, permission) and (self.limits is None or _covers(self.limits, permission))


def _covers(granted: AbstractSet[str], permission: str) -> bool:
    area = permission.partition(":")[0]
    return not granted.isdisjoint((permission, f"{area}:*", EVERYTHING))
