"""Whom an export holds: the contacts of a list, page by page, as the log knows them. Memory holds one page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from crm.chassis.log import EventLog
from crm.chassis.paging import Page, PageRequest
from crm.contacts import lookup
from crm.contacts.contact import Contact, contacts
from crm.contacts.directory import Entry
from crm.contacts.exporting.workplaces import NOWHERE, Workplace, Workplaces
from crm.events import wire

PER_PAGE = 200


@dataclass(frozen=True)
class Exported:
    """Somebody in an export."""

    contact_id: UUID
    contact: Contact
    workplace: Workplace = NOWHERE


def pages(
    log: EventLog, page_of: Callable[[PageRequest], Page[Entry]], workplaces: Workplaces
) -> Iterator[list[Exported]]:
    """The people of a list in its order, in pages; those who were erased or taken back meanwhile are left out."""
    cursor: str | None = None
    while True:
        page = page_of(PageRequest(PER_PAGE, cursor))
        people = list(_people(log, [each.contact_id for each in page.items]))
        at = workplaces.of({each.contact_id: (each.contact_id, *sorted(each.contact.aliases)) for each in people})
        yield [replace(each, workplace=at[each.contact_id]) for each in people]
        cursor = page.next
        if cursor is None:
            return


def _people(log: EventLog, ids: list[UUID]) -> Iterator[Exported]:
    log.keys.prefetch(ids)
    histories = log.store.load(ids)
    for each in ids:
        facts: list[Any] = [wire.open_fact(fact, log.keys.unseal).fact for fact in histories[each]]
        contact = contacts.fold(facts)
        if contact is not None and contact.merges.absorbed:
            contact = lookup.find_erased(log, each).contact  # composed of all ids
        if contact is not None and not (contact.erased or contact.withdrawn or contact.alias_of):
            yield Exported(each, contact)
