"""What happens by itself when a contact is erased (C13): what a hold lists is kept, the key destroyed, aliases erased.

And when a hold ends: what it kept of somebody erased is destroyed as well, which completes the erasure.
"""

from functools import partial
from typing import cast

from crm.chassis.log import Commands
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.contact import contacts
from crm.contacts.erasure import confirm_destruction, erase_alias, erasure_stream, erasures
from crm.contacts.holding import held_stream, held_values, keep
from crm.contacts.lookup import find_erased
from crm.events import Recorded
from crm.events.contacts import ContactErased, ContactFact
from crm.events.holds import LegalHoldEnded

erasing = Policy("erasing")


@erasing.whenever(ContactErased)
def destroy_key(e: Recorded[ContactErased], do: Commands, runtime: Runtime) -> None:
    """Destroying may be repeated, so it comes first: what is recorded afterwards is true."""
    _keep_what_is_held(e, do, runtime)
    runtime.keys.destroy(e.stream)
    do(erasures, erasure_stream(e.stream), partial(confirm_destruction, contact=e.stream))


def _keep_what_is_held(e: Recorded[ContactErased], do: Commands, runtime: Runtime) -> None:
    """Before the key goes. Without a mark for repeats: a hold may end between them, and each keeps once anyway."""
    holds = [hold for each in find_erased(runtime.log, e.stream).family.members() for hold in each.contact.holds]
    if not holds:
        return
    before = contacts.fold(cast(ContactFact, each.fact) for each in runtime.log.stream(e.stream)[: e.version - 1])
    if before is None:
        return
    record = runtime.log.commands(do.context)
    for each in holds:
        stream = held_stream(each.hold, e.stream)
        record(held_values, stream, partial(keep, hold=each.hold, contact=e.stream, fields=each.fields, before=before))


@erasing.whenever(ContactErased)
def erase_aliases(e: Recorded[ContactErased], do: Commands, runtime: Runtime) -> None:
    """An erased contact gets no further aliases and is not unmerged, so these are all; most were erased with it."""
    contact = runtime.log.get(contacts, e.stream).state
    for alias in sorted(contact.aliases.union(contact.merges.absorbed)):
        do(contacts, alias, erase_alias)


@erasing.whenever(LegalHoldEnded)
def destroy_what_was_held(e: Recorded[LegalHoldEnded], do: Commands, runtime: Runtime) -> None:
    """Of every id of the person. Nothing was kept of somebody who is not erased."""
    for contact in sorted(find_erased(runtime.log, e.stream).family.ids):
        stream = held_stream(e.fact.hold, contact)
        if runtime.log.stream(stream):
            runtime.keys.destroy(stream)
            confirm = partial(confirm_destruction, contact=contact, key_id=stream)
            runtime.log.commands(do.context)(erasures, erasure_stream(contact), confirm)
