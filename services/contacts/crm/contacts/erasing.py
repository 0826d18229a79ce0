"""What happens by itself when a contact is erased: the key is destroyed, and every alias is erased as well (C13)."""

from functools import partial

from crm.chassis.log import Commands
from crm.chassis.policy import Policy
from crm.chassis.runtime import Runtime
from crm.contacts.contact import contacts
from crm.contacts.erasure import confirm_destruction, erase_alias, erasure_stream, erasures
from crm.events import Recorded
from crm.events.contacts import ContactErased

erasing = Policy("erasing")


@erasing.whenever(ContactErased)
def destroy_key(e: Recorded[ContactErased], do: Commands, runtime: Runtime) -> None:
    """Destroying may be repeated, so it comes first: what is recorded afterwards is true."""
    runtime.keys.destroy(e.stream)
    do(erasures, erasure_stream(e.stream), partial(confirm_destruction, contact=e.stream))


@erasing.whenever(ContactErased)
def erase_aliases(e: Recorded[ContactErased], do: Commands, runtime: Runtime) -> None:
    """An erased contact gets no further aliases and is not unmerged, so these are all; most were erased with it."""
    contact = runtime.log.get(contacts, e.stream).state
    for alias in sorted(contact.aliases.union(contact.merges.absorbed)):
        do(contacts, alias, erase_alias)
