"""Telling the story of a contact: facts are recorded and applied to the history, which is then asked."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from crm.chassis.database import Database
from crm.chassis.projection import Feed, PageRequest
from crm.chassis.testing.shelf import feed_of
from crm.chassis.testing.views import Records, from_log
from crm.contacts.filter import Filter
from crm.contacts.history import history
from crm.contacts.item import Item
from crm.contacts.paging import HistoryPage, page_of
from crm.contacts.reader import Reader
from crm.contacts.reassigned import reassigned
from crm.contacts.walking import Order
from crm.events import Fact
from crm.events.interactions import InteractionLogged

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HR_HEAD = Reader("user:head", private=True, hr=True)
"""Somebody who may see everything."""
ada = uuid4()


class Story:
    """Facts of a contact, recorded and applied to the history."""

    def __init__(self, db: Database) -> None:
        self.db, self.records = db, Records()
        self.feeds: dict[str, Feed] = {each: feed_of(db, self.records, history, each) for each in ("contacts", "sales")}
        self.reassigned = feed_of(db, self.records, reassigned, "contacts")

    def tell(self, *facts: Fact, stream: UUID | None = None, about: UUID = ada, minutes: int = 0, **more: Any) -> UUID:
        stream = stream or uuid4()
        moment = NOON + timedelta(minutes=minutes)
        sealed = self.records.record(stream, *facts, subject=about, occurred_at=moment, **more)
        self.feeds[sealed[0].service].take(from_log(sealed))
        return stream

    def page(
        self,
        *ids: UUID,
        reader: Reader = HR_HEAD,
        order: Order = "oldest",
        limit: int = 100,
        cursor: str | None = None,
        **only: Any,
    ) -> HistoryPage:
        request, unseal = PageRequest(limit=limit, cursor=cursor), self.records.keys.unseal
        return page_of(self.db, ids or (ada,), request, reader=reader, order=order, only=Filter(**only), unseal=unseal)

    def items(self, *ids: UUID, order: Order = "oldest", limit: int = 100, **only: Any) -> list[Item]:
        """All pages, one after the other."""
        found: list[Item] = []
        cursor = None
        while True:
            page = self.page(*ids, order=order, limit=limit, cursor=cursor, **only)
            found += page.items
            cursor = page.next
            if cursor is None:
                return found

    def summaries(self, *ids: UUID, **options: Any) -> list[str]:
        return [each.summary for each in self.items(*ids, **options)]


def called(subject: str, **more: Any) -> InteractionLogged:
    return InteractionLogged(contact=ada, kind="call", direction="inbound", subject=subject, **more)
