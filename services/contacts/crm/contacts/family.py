"""A family: a contact and all that it absorbed, each with the state of its own stream. One family is one person."""

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from crm.contacts.contact import Contact


@dataclass(frozen=True)
class Family:
    """A contact and, in the order it absorbed them, the families it stands for."""

    contact_id: UUID
    contact: Contact
    version: int
    absorbed: tuple["Family", ...] = ()

    def members(self) -> Iterator["Family"]:
        """Every contact of the person that has values of its own, the canonical one first."""
        yield self
        for each in self.absorbed:
            yield from each.members()

    def member(self, contact_id: UUID) -> "Family | None":
        """The member with this id."""
        return next((each for each in self.members() if each.contact_id == contact_id), None)

    @property
    def ids(self) -> frozenset[UUID]:
        """All ids of the person, also those under which nothing was registered."""
        return frozenset(id for each in self.members() for id in (each.contact_id, *each.contact.aliases))

    @property
    def versions(self) -> dict[UUID, int]:
        """Up to where each stream was read."""
        return {each.contact_id: each.version for each in self.members()}
