"""Being forgotten (C13): decided on the contact, then for each id its key is destroyed, and that is recorded."""

from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate, Unknown
from crm.contacts.contact import Contact, writable
from crm.events.contacts import ContactErased, ErasureFact, ErasureRequested, SubjectKeyDestroyed

_STREAMS = UUID("0b0e6d2e-6f5d-4c39-8a0e-4d8a2f3c9d41")


def erase(contact: Contact | None, *, reason: str | None = None) -> tuple[ErasureRequested, ContactErased]:
    """Forgets a person (C13). Their identifiers are released in the same append."""
    writable(contact)
    return ErasureRequested(reason=reason), ContactErased()


def erase_alias(contact: Contact | None) -> ContactErased | None:
    """Forgets an alias together with its holder."""
    if contact is None:
        raise Unknown("There is no such alias.")
    return None if contact.erased else ContactErased()


class Erasure(Struct, frozen=True):
    contact: UUID


def erasure_stream(contact: UUID) -> UUID:
    """Where the destruction of a contact's key is recorded."""
    return uuid5(_STREAMS, str(contact))


def confirm_destruction(erasure: Erasure | None, *, contact: UUID) -> SubjectKeyDestroyed | None:
    """Records that nothing about this contact can be read any more; once."""
    return SubjectKeyDestroyed(contact=contact, key_id=contact) if erasure is None else None


def evolve(_: Erasure | None, fact: ErasureFact) -> Erasure:
    return Erasure(fact.contact)


erasures = Aggregate("erasure", ErasureFact, evolve, about=lambda _, erasure: (erasure.contact,))
