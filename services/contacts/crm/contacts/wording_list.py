"""The published wordings, as the list of texts and the page of preferences need them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.projection import Db, Page, PageRequest, View
from crm.events import Recorded
from crm.events.consents import ConsentWordingPublished


@dataclass(frozen=True)
class PublishedWording:
    """A text that people are asked with, since `published_at` (UTC)."""

    wording: UUID
    purpose: str
    version: str
    language: str
    text: str
    published_at: datetime


wording_list = View("wording_list", PublishedWording, key="wording", indexes=("purpose, language, published_at",))


@wording_list.on(ConsentWordingPublished)
def add(_: PublishedWording | None, e: Recorded[ConsentWordingPublished]) -> PublishedWording:
    f = e.fact
    return PublishedWording(e.stream, f.purpose, f.version, f.language, f.text, e.occurred_at)


def find(db: Db, purpose: str | None, page: PageRequest) -> Page[PublishedWording]:
    """The texts, those of one purpose where that is given, by purpose and language, as published."""
    where, params = ("purpose = %s", (purpose,)) if purpose else ("true", ())
    order = ("purpose", "language", "published_at")
    return wording_list.page(db, where, params, order_by=order, page=page)


def latest(db: Db, language: str) -> list[PublishedWording]:
    """What people are asked with now: per purpose its newest text, in this language where there is one."""
    newest: dict[str, PublishedWording] = {}
    rows = wording_list.select(db, order_by=("published_at", "wording"))
    for each in sorted(rows, key=lambda row: row.language == language):
        newest[each.purpose] = each
    return [newest[purpose] for purpose in sorted(newest)]
