"""Coming back after an erasure (C13): by their own act, or with evidence that it was. Commands, no I/O.

An import or a colleague who knows the address of somebody who was erased is refused. A web form or a mail to the desk
registers provisionally what the person gave, and needs nothing of this.
"""

from crm.chassis.decider import Command, Rejected, facts_of
from crm.contacts.contact import Contact, writable
from crm.events.contacts import ContactFact
from crm.events.requests import ContactReturned


def register_again(contact: Contact | None, *, registering: Command, evidence: str) -> tuple[ContactFact, ...]:
    """Makes somebody a contact who was erased and came back; what names them may be used again."""
    return (*facts_of(registering(contact)), _returned(evidence))


def come_back(contact: Contact | None, *, evidence: str) -> ContactReturned | None:
    """Records of a contact that it is somebody who was erased and came back."""
    return None if writable(contact).returned else _returned(evidence)


def _returned(evidence: str) -> ContactReturned:
    if not evidence.strip():
        raise Rejected("Say how it can be shown that they came back themselves.", field="evidence")
    return ContactReturned(evidence=evidence.strip())
