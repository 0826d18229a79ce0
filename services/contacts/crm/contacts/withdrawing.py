"""What happens by itself when somebody unsubscribes from a campaign's mails: the consent behind them is withdrawn."""

from functools import partial
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.keys import Destroyed
from crm.chassis.log import Commands, EventLog
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.consent import consent_stream, consents, withdraw
from crm.contacts.consent_addresses import counting
from crm.contacts.lookup import find_erased
from crm.events import Recorded
from crm.events.campaigns import Unsubscribed
from crm.events.particulars import ConsentEvidence

withdrawing = Policy("withdrawing")


@withdrawing.whenever(Unsubscribed)
def withdraw_consent(e: Recorded[Unsubscribed], do: Commands, runtime: Runtime) -> None:
    """Withdraws it from the person under whatever id the mail knew them. Who was erased has no consent left."""
    f = e.fact
    contact = _canonical(runtime.log, f.contact)
    counts = counting(runtime.log, contact, f.channel, f.purpose)
    command = partial(
        withdraw,
        contact=contact,
        channel=f.channel,
        purpose=f.purpose,
        source=f"campaign:{f.campaign}",
        evidence=ConsentEvidence(note=f"Unsubscribed by {f.method}, {e.event_id}"),
        anew=counts.allows_any(None),
    )
    try:
        do(consents, consent_stream(contact, f.channel, f.purpose), command)
    except Destroyed:
        return


def _canonical(log: EventLog, contact: UUID) -> UUID:
    try:
        return find_erased(log, contact).contact_id
    except Unknown:
        return contact
