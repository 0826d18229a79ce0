"""What happens by itself when another service hears from somebody unknown: they become a contact, or are recognised.

Every service mints the same provisional id for the same address, so nothing waits and nothing is lost meanwhile.
"""

from collections.abc import Collection, Sequence
from functools import partial
from uuid import UUID

from crm.chassis.decider import Erased, Rejected, Taken
from crm.chassis.log import Step
from crm.chassis.people.identity import Identifier, email_identifier, is_email, phone_identifier, read_phone
from crm.chassis.policy import Policy, PolicyCommands
from crm.chassis.runtime import Runtime
from crm.contacts.alias import identify, recognise
from crm.contacts.claiming import Claiming, Held
from crm.contacts.contact import Contact, contacts
from crm.contacts.identifiers import Person
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
    somebody = Person(f.name or f.email or f.phone or "Somebody unknown", emails, phones)
    claiming = Claiming(runtime.log, runtime.settings.uniqueness)
    for _ in range(ATTEMPTS):
        if settle(do, claiming, f.contact, somebody):
            return


def settle(do: PolicyCommands, claiming: Claiming, contact: UUID, somebody: Person) -> bool:
    """Registers or recognises somebody. False if the one who was in the way is gone now.

    The id was minted from the e-mail address where that can be matched, so it alone decides who it is then. A number
    that somebody else holds (a household, a switchboard) is kept as shared, or left out where it is one person's alone;
    it stays readable in the fact that brought it. Nobody is recognised by what people share (C3).
    """
    nobodys = claiming.nobodys(somebody.identifiers)
    command = partial(meet, name=somebody.name, emails=somebody.emails)
    refusal = do.try_(contacts, contact, partial(command, phones=somebody.phones, shared=nobodys))
    if not isinstance(refusal, Taken):
        return True
    held = claiming.held(somebody.identifiers - nobodys, {contact})
    by_email = any(map(email_identifier, somebody.emails))
    shared = {each.identifier for each in held if _tells_nobody_apart(claiming, each, by_email)}
    if shared:
        left_out = {each.identifier for each in held} - shared if by_email else set()
        phones = [each for each in somebody.phones if phone_identifier(each) not in left_out]
        refusal = do.try_(contacts, contact, partial(command, phones=phones, shared=nobodys | shared))
    elif refusal.kind == "phone" and by_email:
        refusal = do.try_(contacts, contact, partial(command, shared=nobodys))
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


def _tells_nobody_apart(claiming: Claiming, held: Held, by_email: bool) -> bool:
    """Whether it is declared as shared, or a number beside an address where numbers may be shared."""
    return claiming.is_declared(held) or (held.open and by_email and held.identifier.kind == "phone")


def meet(
    contact: Contact | None,
    *,
    name: str,
    emails: Sequence[str] = (),
    phones: Sequence[Phone] = (),
    shared: Collection[Identifier] = (),
) -> ContactRegistered | None:
    """Registers somebody provisionally; whom we have met, we know."""
    if contact is not None:
        return None
    return register(None, name=name, emails=emails, phones=phones, provisional=True, shared=shared)
