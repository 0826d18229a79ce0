"""Whose records somebody may see and change, where a deployment says that not everybody sees everything.

The owner of a record is a person (the subject of their token) or a team (`team:north`). Tokens say in which teams
somebody is, so no service needs a directory of people.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.refusals import Forbidden

RecordAccess: TypeAlias = Literal["all", "own-team", "own"]
"""Whose records an agent may see and change: everybody's, those of their teams and their own, or their own alone."""

READ_ALL = "contacts:read-all"
"""Who sees and changes the records of everybody, whatever the deployment says."""

TEAM = "team:"
"""How the owner of a record begins that is a team."""


@dataclass(frozen=True)
class Territory:
    """The records of these owners, and those that nobody has yet. None: all records."""

    owners: frozenset[str] | None = None

    def holds(self, owner: str | None) -> bool:
        """Whether a record with this owner lies within."""
        return self.owners is None or owner is None or owner in self.owners

    def check(self, owner: str | None) -> None:
        """Raises `Forbidden` for a record that lies outside."""
        if not self.holds(owner):
            raise Forbidden(READ_ALL, f"This record belongs to somebody else. It needs the permission {READ_ALL}.")


EVERYWHERE = Territory()


def territory_of(agent: Agent, access: RecordAccess) -> Territory:
    """What an agent may see and change in a deployment."""
    if access == "all" or agent.may(READ_ALL):
        return EVERYWHERE
    own = set() if agent.subject.startswith(TEAM) else {agent.subject}  # whoever is called so is no team
    teams = {f"{TEAM}{each}" for each in agent.teams} if access == "own-team" else set()
    return Territory(frozenset(own | teams))
