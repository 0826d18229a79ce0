"""Pages of a history: filtered, searched, as of a moment, for the ids of a person or of all people of an account."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import msgspec

from crm.chassis.auth.visibility import Hide
from crm.chassis.paging import Page, PageRequest, to_cursor
from crm.chassis.projection import Db
from crm.contacts.filter import Filter
from crm.contacts.history import PLACE, Touchpoint, item_of
from crm.contacts.item import Item
from crm.contacts.reader import Reader
from crm.contacts.walking import MARK, Order, Question
from crm.events import wire

_encode = msgspec.json.Encoder(decimal_format="string").encode


@dataclass(frozen=True)
class HistoryPage(Page[Item]):
    """A part of a history. `previous` leads back: with it, the other order goes on from before the first item."""

    previous: str | None = None


def page_of(
    db: Db,
    contact_ids: Sequence[UUID],
    page: PageRequest,
    *,
    reader: Reader,
    order: Order = "newest",
    only: Filter | None = None,
    unseal: wire.Unseal,
) -> HistoryPage:
    """A part of the history of a person with these ids, or of several people, as far as the reader may see it.

    `unseal` opens what was kept before its type was known. Raises `MalformedCursor` for a cursor of another list.
    """
    question = Question(contact_ids, order, only or Filter(), reader, page.cursor)
    rows = question.rows(db, page.limit + 1)
    shown = rows[: page.limit]
    return HistoryPage(
        tuple(item_of(row, unseal) for row in shown),
        _behind(shown[-1]) if len(rows) > page.limit else None,
        _behind(shown[0]) if shown else page.cursor,
    )


def lines_of(page: HistoryPage, hide: Hide) -> bytes:
    """The items of a page as JSON, one a line; `hide` takes from an item what the reader may not be told."""
    return b"".join(_encode(hide(msgspec.to_builtins(each))) + b"\n" for each in page.items)


def _behind(row: Touchpoint) -> str:
    return to_cursor(MARK, [getattr(row, each) for each in PLACE])
