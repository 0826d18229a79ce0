"""Who asks: a person or a service, and what it may do."""

from dataclasses import dataclass
from typing import Literal

EVERYTHING = "*"


@dataclass(frozen=True)
class Agent:
    """Somebody whose token was verified. Permissions read `contacts:read`, `contacts:*` or `*` (everything)."""

    subject: str
    permissions: frozenset[str]
    kind: Literal["user", "service"] = "user"
    name: str | None = None

    @property
    def actor(self) -> str:
        """How facts name this agent, such as `user:ada`."""
        return f"{self.kind}:{self.subject}"

    def may(self, permission: str) -> bool:
        area = permission.partition(":")[0]
        return not self.permissions.isdisjoint((permission, f"{area}:*", EVERYTHING))
