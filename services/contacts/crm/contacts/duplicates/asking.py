"""Somebody asks about two contacts: they are compared as the log knows them at this moment."""

from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import EventLog
from crm.chassis.people.identity import email_identifier, phone_identifier
from crm.contacts.contact import Contact
from crm.contacts.duplicates.normalising import Traits, traits_of
from crm.contacts.duplicates.suggesting import judge
from crm.contacts.duplicates.weighing import Population
from crm.contacts.lookup import find
from crm.events.duplicates import DuplicateSuggested


def compared(log: EventLog, one: UUID, other: UUID) -> DuplicateSuggested:
    """What two contacts come to, however little alike they are. Raises `Unknown`, `Erased`, `Rejected`."""
    first, second = sorted((find(log, each) for each in (one, other)), key=lambda found: found.contact_id)
    if first.contact_id == second.contact_id:
        raise Rejected("These are two ids of one person already.", field="second")
    a, b = traits_in(first.contact_id, first.contact), traits_in(second.contact_id, second.contact)
    suggestion = judge(a, b, Population(), least=0.0)
    assert suggestion
    return DuplicateSuggested(
        first=first.contact_id,
        second=second.contact_id,
        score=suggestion.score,
        rule="by-hand",
        evidence=list(suggestion.evidence),
    )


def traits_in(contact_id: UUID, contact: Contact) -> Traits:
    """A contact as the log knows it, made comparable; but for what others have as well (C3)."""
    several = contact.shared | contact.borrowed
    return traits_of(
        contact_id,
        name=contact.name,
        emails=[each for each in contact.emails if email_identifier(each) not in several],
        phones=[each.e164 or each.entered for each in contact.phones if phone_identifier(each) not in several],
        address=contact.address,
        birthday=contact.birthday.isoformat() if contact.birthday else None,
    )
