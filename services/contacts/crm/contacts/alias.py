"""Several ids of one person: commands about aliases. No I/O.

Both sides are recorded in one append: on the alias whose it is, on the holder which aliases it has.
"""

from uuid import UUID

from crm.chassis.decider import Rejected
from crm.contacts.contact import Contact, present, writable
from crm.events.contacts import ContactIdentified, ContactRecognised


def identify(contact: Contact | None, *, holder: UUID) -> ContactIdentified | None:
    """Makes a provisional id under which nobody was registered yet, or an anonymous visitor, an alias of somebody."""
    if contact is None:
        return ContactIdentified(holder=holder)
    if contact.alias_of == holder:
        return None
    if writable(contact).anonymous:
        return ContactIdentified(holder=holder)
    raise Rejected("Somebody is registered under this id; merge the two contacts instead.")


def recognise(contact: Contact | None, *, alias: UUID) -> ContactRecognised | None:
    """The holder's side of `identify`; refused once the holder is erased, so that their aliases are final then.

    Who holds the identifier, absorbed or not: an unmerge leaves the alias with its owner.
    """
    return ContactRecognised(alias=alias) if alias not in present(contact).aliases else None
