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
    keys: frozenset[UUID]
    """What was destroyed: the key of the contact, and of what legal holds kept of it."""


def erasure_stream(contact: UUID) -> UUID:
    """Where the destruction of a contact's key is recorded."""
    return uuid5(_STREAMS, str(contact))


def confirm_destruction(
    erasure: Erasure | None, *, contact: UUID, key_id: UUID | None = None
) -> SubjectKeyDestroyed | None:
    """Records that what was sealed with a key about this contact, its own or a hold's, is unreadable now; once."""
    key_id = key_id or contact
    known = erasure is not None and key_id in erasure.keys
    return None if known else SubjectKeyDestroyed(contact=contact, key_id=key_id)


def evolve(erasure: Erasure | None, fact: ErasureFact) -> Erasure:
    return Erasure(fact.contact, (erasure.keys if erasure else frozenset()) | {fact.key_id})


erasures = Aggregate("erasure", ErasureFact, evolve, about=lambda _, erasure: (erasure.contact,))
