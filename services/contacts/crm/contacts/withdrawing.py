"""What happens by itself when somebody unsubscribes from a campaign's mails: the consent behind them is withdrawn."""

from functools import partial

from crm.chassis.keys import Destroyed
from crm.chassis.log import Commands
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.consent import consent_stream, consents, withdraw
from crm.contacts.consent_addresses import counting
from crm.events import Recorded
from crm.events.campaigns import Unsubscribed
from crm.events.particulars import ConsentEvidence

withdrawing = Policy("withdrawing")


@withdrawing.whenever(Unsubscribed)
def withdraw_consent(e: Recorded[Unsubscribed], do: Commands, runtime: Runtime) -> None:
    """Withdraws it under the id the mail knew the person by, so that an unmerge leaves it with whom it was meant for.

    What counts for a person is said under all ids together (C7). Who was erased has no consent left.
    """
    f = e.fact
    command = partial(
        withdraw,
        contact=f.contact,
        channel=f.channel,
        purpose=f.purpose,
        source=f"campaign:{f.campaign}",
        evidence=ConsentEvidence(note=f"Unsubscribed by {f.method}, {e.event_id}"),
        anew=counting(runtime.log, f.contact, f.channel, f.purpose).allows_any(None),
    )
    try:
        do(consents, consent_stream(f.contact, f.channel, f.purpose), command)
    except Destroyed:
        return
