"""What people are called in lists of other things: the entries of the directory behind any of their ids (C8)."""

from collections.abc import Iterable
from uuid import UUID

from crm.chassis.people.aliases import LONGEST_CHAIN
from crm.chassis.projection import Db
from crm.contacts.directory import Entry, directory
from crm.contacts.views import aliases


def entries_of(db: Db, contacts: Iterable[UUID]) -> dict[UUID, Entry]:
    """The directory's entries of some contacts, by the ids that were asked for; erased people have none."""
    holder_of = {each: each for each in contacts}
    for _ in range(LONGEST_CHAIN):
        steps = {each.alias: each.holder for each in aliases.select(db, "alias = ANY(%s)", (list(holder_of.values()),))}
        if not steps:
            break
        holder_of = {each: steps.get(holder, holder) for each, holder in holder_of.items()}
    entries = {e.contact_id: e for e in directory.select(db, "contact_id = ANY(%s)", (list(holder_of.values()),))}
    return {each: entries[holder] for each, holder in holder_of.items() if holder in entries}
