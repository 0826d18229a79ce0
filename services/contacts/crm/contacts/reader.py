"""Who reads a history, and which of its items they may see: private ones are their author's, some are the HR desk's."""

from dataclasses import dataclass
from typing import Any, Self

from crm.chassis.auth import Agent

ALL = "*"
HR = "hr"
READ_PRIVATE = "contacts:read-private"
READ_HR = "contacts:read-hr"


def readers_of(clear: dict[str, Any], actor: str) -> str:
    """Who may read a fact, as one word: everybody, HR, or the author alone; from what it says in clear."""
    match clear.get("visibility"):
        case "private":
            return str(clear.get("author") or actor)
        case "hr":
            return HR
        case _:
            return ALL


@dataclass(frozen=True)
class Reader:
    """Somebody who reads, as far as items are hidden from them."""

    actor: str
    private: bool = False
    hr: bool = False

    @classmethod
    def of(cls, agent: Agent) -> Self:
        """Whoever asks."""
        return cls(agent.actor, agent.may(READ_PRIVATE), agent.may(READ_HR))

    def sees(self, readers: str) -> bool:
        """Whether they may see what these may read."""
        return readers in (ALL, self.actor) or (self.hr if readers == HR else self.private)

    @property
    def where(self) -> tuple[list[str], list[Any]]:
        """The same as SQL conditions and their parameters."""
        if self.private:
            return ([], []) if self.hr else (["readers <> %s"], [HR])
        return ["readers = ANY(%s)"], [[ALL, self.actor, HR] if self.hr else [ALL, self.actor]]


EVERYTHING = Reader("service:contacts", private=True, hr=True)
"""Who puts together what a person may demand to see: all that is kept of them."""
