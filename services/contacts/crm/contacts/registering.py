"""What happens by itself when another service hears from somebody unknown: they become a contact, or are recognised.

Every service mints the same provisional id for the same address, so nothing waits and nothing is lost meanwhile.
"""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from crm.chassis.decider import Erased, Rejected, Taken
from crm.chassis.log import Step
from crm.chassis.people.identity import email_identifier, is_email, read_phone
from crm.chassis.policy import Policy, PolicyCommands
from crm.chassis.runtime import Runtime
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import Contact, contacts
from crm.contacts.registration import register
from crm.events import Recorded
from crm.events.contacts import ContactRegistered
from crm.events.particulars import Phone
from crm.events.sales import LeadCaptured
from crm.events.service_desk import TicketOpened

ATTEMPTS = 3
"""How often somebody who changes meanwhile (erased, address released) is looked at again."""

registering = Policy("registering")


@registering.whenever(LeadCaptured, TicketOpened)
def welcome(e: Recorded[LeadCaptured | TicketOpened], do: PolicyCommands, runtime: Runtime) -> None:
    """Registers the person, with what they said of themselves, unless the address has a holder already."""
    f = e.fact
    if not f.provisional:
        return
    emails = [f.email.strip()] if f.email and is_email(f.email) else []
    phones = [read_phone(f.phone, runtime.settings.region)] if f.phone else []
    for _ in range(ATTEMPTS):
        if settle(do, f.contact, f.name or f.email or f.phone or "Somebody unknown", emails, phones):
            return


def settle(do: PolicyCommands, contact: UUID, name: str, emails: Sequence[str], phones: Sequence[Phone]) -> bool:
    """Registers or recognises somebody. False if the one who was in the way is gone now.

    The id was minted from the e-mail address where that can be matched, so it alone decides who it is then. A number
    that somebody else holds (a household, a switchboard) is left out; it stays readable in the fact that brought it.
    """
    refusal = do.try_(contacts, contact, partial(meet, name=name, emails=emails, phones=phones))
    if isinstance(refusal, Taken) and refusal.kind == "phone" and any(map(email_identifier, emails)):
        refusal = do.try_(contacts, contact, partial(meet, name=name, emails=emails))
    if not isinstance(refusal, Taken):
        return True
    try:
        do.execute_together(
            Step(contacts, contact, partial(identify, holder=refusal.holder)),
            Step(contacts, refusal.holder, partial(recognise, alias=contact)),
        )
    except Erased:
        return False
    except Rejected:
        return True
    return True


def meet(
    contact: Contact | None, *, name: str, emails: Sequence[str] = (), phones: Sequence[Phone] = ()
) -> ContactRegistered | None:
    """Registers somebody provisionally; whom we have met, we know."""
    if contact is not None:
        return None
    return register(None, name=name, emails=emails, phones=phones, provisional=True)
