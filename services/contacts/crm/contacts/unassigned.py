"""Items of unclear belonging after an unmerge: they were recorded under the survivor while it stood for others (C9).

What came in by an identifier names the identifier's own contact, and needs nobody's decision. What counts here: a thing
of any service that was opened between merge and unmerge under the survivor's id (or under one that stood for it then)
and tells no address and no number: an interaction, an opportunity, a ticket by hand. What is said about the contact
itself (names, consents, requests) stays with the id it was said of.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.log import EventLog
from crm.chassis.projection import Db, Page, PageRequest
from crm.contacts.history import Touchpoint, history, item_of
from crm.contacts.item import Item
from crm.contacts.lookup import find_erased
from crm.contacts.reader import Reader
from crm.contacts.reassigned import reassigned
from crm.events.merging import ContactAbsorbed, ContactRestored, ContactsMerged, ContactsUnmerged


@dataclass(frozen=True)
class Undone:
    """An undone merge: the ids its items may stand under, each with from when to when (UTC)."""

    merge_id: UUID
    survivor: UUID
    restored: tuple[UUID, ...]
    spans: tuple[tuple[UUID, datetime, datetime], ...]

    @property
    def parties(self) -> tuple[UUID, ...]:
        """Whose an item can be."""
        return (*(each for each, _, _ in self.spans), *self.restored)


@dataclass(frozen=True)
class OpenItem:
    """A thing that somebody has to look at: its stream, whose it is at present, and what opened it."""

    item: UUID
    owner: UUID
    opening: Item


def undone(log: EventLog, contact_id: UUID, merge_id: UUID) -> Undone:
    """An undone merge that this person took part in. Raises `Unknown`."""
    for member in find_erased(log, contact_id).family.members():
        for e in log.stream(member.contact_id):
            match e.fact:
                case ContactsUnmerged() as f if f.merge_id == merge_id:
                    return _undone(log, member.contact_id, f, e.recorded_at)
                case ContactRestored() as f if f.merge_id == merge_id:
                    return undone(log, f.survivor, merge_id)
    raise Unknown("No such merge of this person was undone.")


def _undone(log: EventLog, survivor: UUID, f: ContactsUnmerged, until: datetime) -> Undone:
    facts = log.stream(survivor)
    since = next(e.recorded_at for e in facts if isinstance(e.fact, ContactsMerged) and e.fact.merge_id == f.merge_id)
    return Undone(f.merge_id, survivor, tuple(f.restored), tuple(_spans(log, survivor, since, until)))


def _spans(log: EventLog, id: UUID, since: datetime, until: datetime) -> Iterator[tuple[UUID, datetime, datetime]]:
    """The time itself, and while the id was absorbed, that of the contact it stood for."""
    yield id, since, until
    facts = log.stream(id)
    for e in facts:
        if isinstance(e.fact, ContactAbsorbed) and e.recorded_at < until:
            ends = (x.recorded_at for x in facts if x.version > e.version and isinstance(x.fact, ContactRestored))
            end = min(next(ends, until), until)
            if end > since:
                yield from _spans(log, e.fact.survivor, max(since, e.recorded_at), end)


_WITHOUT_IDENTIFIER = (
    "version = 1 AND (service <> 'contacts' OR type LIKE 'crm.contacts.interaction-%%')"
    " AND NOT jsonb_strip_nulls(coalesce(personal, '{}')) ?| ARRAY['email', 'phone', 'address', 'via']"
)


def page_of_items(
    db: Db, log: EventLog, merge: Undone, page: PageRequest, reader: Reader, item: UUID | None = None
) -> Page[OpenItem]:
    """The items of unclear belonging after an unmerge, as far as the reader may see them, the oldest first; or one."""
    spans = " OR ".join(["(contact_id = %s AND recorded_at > %s AND recorded_at < %s)"] * len(merge.spans))
    where, params = f"{_WITHOUT_IDENTIFIER} AND ({spans})", [each for span in merge.spans for each in span]
    visible, readers = reader.where
    where, params = " AND ".join([where, *visible]), [*params, *readers]
    if item is not None:
        where, params = f"{where} AND stream = %s", [*params, item]
    found = history.page(db, where, params, order_by=("occurred_at", "recorded_at"), page=page)
    streams = [each.stream for each in found.items]
    owners = {each.item: each.owner for each in reassigned.select(db, "item = ANY(%s)", (streams,))}
    return Page(tuple(_open(log, each, owners) for each in found.items), found.next)


def _open(log: EventLog, row: Touchpoint, owners: dict[UUID, UUID]) -> OpenItem:
    item: Any = item_of(row, log.keys.unseal)
    return OpenItem(row.stream, owners.get(row.stream, row.contact_id), item)
