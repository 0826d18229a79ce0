"""Lists: pages that neither skip nor repeat, in both directions, with NULLs; all column types; moments of the past."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Literal
from uuid import UUID, uuid4

import pytest

from crm.chassis.database import Database
from crm.chassis.paging import MalformedCursor, PageRequest, check_cursor
from crm.chassis.projection import NoHistory, Subject, View
from crm.chassis.projection.columns import Words
from crm.chassis.projection.rows import Table
from crm.chassis.testing.shelf import a_shelf
from crm.events import Money, Personal


class Mood(Enum):
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True)
class Everything:
    """A row with a column of every kind."""

    key: UUID
    name: Personal[str]
    nick: Personal[str | None]
    count: int
    share: float
    price: Decimal
    open: bool
    seen_at: datetime | None
    born: date | None
    mood: Mood
    size: Literal["s", "m"]
    tags: tuple[str, ...]
    people: tuple[Subject, ...]
    notes: Personal[list[str]]
    money: Money | None
    extra: dict[str, Any]
    raw: bytes | None
    words: Words
    more: Personal[Words | None] = None


everything = View(
    "everything", Everything, key="key", indexes=("name gin_trgm_ops", "seen_at DESC, key", "words tsvector_ops")
)
AT = datetime(2026, 11, 5, 12, 30, 15, 123456, tzinfo=UTC)


def a_row(**changes: Any) -> Everything:
    row: dict[str, Any] = {
        "key": uuid4(),
        "name": 'Ada "the {first}" \\ 家',
        "nick": None,
        "count": -(2**40),
        "share": 0.25,
        "price": Decimal("12345.6700"),
        "open": True,
        "seen_at": AT,
        "born": date(1815, 12, 10),
        "mood": Mood.BAD,
        "size": "m",
        "tags": ('a"b', "c,d", "{}", "", "NULL", "back\\slash"),
        "people": (uuid4(), uuid4()),
        "notes": ["x", "y z"],
        "money": Money(1299, "EUR"),
        "extra": {"a": [1, {"b": None}]},
        "raw": b"\0\xff",
        "words": Words(["über", "räder", "3", "it's", "a\\b"]),
    }
    return Everything(**(row | changes))


@pytest.fixture
def table(db: Database) -> Database:
    with db.connection() as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        everything.table.create(connection)
        everything.table.create(connection)
    return db


def fill(db: Database, *rows: Everything) -> None:
    with db.transaction() as connection:
        everything.table.upsert(connection, {row.key: row for row in rows})


def walk(db: Database, order_by: Any, limit: int = 3, where: str = "true") -> list[Everything]:
    found: list[Everything] = []
    cursor: str | None = None
    while True:
        page = everything.page(db, where, order_by=order_by, page=PageRequest(limit, cursor))
        found += page.items
        if page.next is None:
            return found
        check_cursor(page.next)
        cursor = page.next


def test_every_kind_of_column_comes_back_as_it_went(table: Database) -> None:
    rows = [a_row(), a_row(nick="n", seen_at=None, born=None, money=None, raw=None, tags=(), notes=[], people=())]
    fill(table, *rows)
    assert {row.key: row for row in everything.select(table)} == {row.key: row for row in rows}
    assert everything.get(table, rows[0].key) == rows[0]
    assert everything.get(table, uuid4()) is None


def test_copied_rows_equal_upserted_rows(table: Database) -> None:
    rows = [a_row(), a_row(nick="n", seen_at=None, born=None, money=None, raw=None, tags=(), notes=[], people=())]
    with table.transaction() as connection:
        everything.table.copy(connection, rows)
    assert {row.key: row for row in everything.select(table)} == {row.key: row for row in rows}


ORDERS: list[Any] = [
    "name",
    "count DESC",
    ("seen_at DESC", "name"),
    ("seen_at", "count DESC"),
    ("mood", "born DESC"),
    ("price DESC", "open"),
]


@pytest.mark.parametrize("order_by", ORDERS, ids=str)
@pytest.mark.parametrize("limit", [1, 3, 500])
def test_pages_walk_a_list_without_gap_or_repeat(table: Database, order_by: Any, limit: int) -> None:
    rows = [
        a_row(
            name=f"n{at % 3}",
            count=at % 4,
            seen_at=None if at % 5 == 0 else AT + timedelta(minutes=at % 3),
            born=None if at % 2 else date(2000, 1, 1 + at % 2),
            mood=Mood.GOOD if at % 2 else Mood.BAD,
            price=Decimal(at % 3) / 7,
            open=at % 2 == 0,
        )
        for at in range(23)
    ]
    fill(table, *rows)
    found = walk(table, order_by, limit)
    whole = everything.select(table, order_by=(*([order_by] if isinstance(order_by, str) else order_by), "key"))
    assert len(found) == len({row.key for row in found}) == 23
    if limit == 500:
        assert {row.key for row in found} == {row.key for row in whole}
    else:
        assert [row.key for row in found] == [row.key for row in walk(table, order_by, 500)]


def test_a_cursor_stays_right_while_rows_come_and_go(table: Database) -> None:
    rows = [a_row(name=f"n{at}") for at in range(6)]
    fill(table, *rows)
    page = everything.page(table, order_by="name", page=PageRequest(3))
    fill(table, a_row(name="a before"), a_row(name="n2x"))
    with table.transaction() as connection:
        everything.table.delete(connection, [rows[2].key])
    rest = everything.page(table, order_by="name", page=PageRequest(10, page.next))
    assert [row.name for row in rest.items] == ["n2x", "n3", "n4", "n5"]


@pytest.mark.parametrize("cursor", ["", "x", "bnVsbA", "WyJuYW1lIl0", "WyJwcmljZSIsMV0", "////"])
def test_a_cursor_of_another_list_is_refused(table: Database, cursor: str) -> None:
    with pytest.raises(MalformedCursor):
        everything.page(table, order_by="name", page=PageRequest(3, cursor))


def test_only_columns_order_a_list(table: Database) -> None:
    for order_by in ("name; DROP TABLE everything_v1", "nobody", "name SIDEWAYS"):
        with pytest.raises(ValueError, match="cannot be ordered by"):
            everything.page(table, order_by=order_by, page=PageRequest(3))


def test_conditions_take_parameters_and_the_views_name(table: Database) -> None:
    rows = [a_row(name="Ada"), a_row(name="Bob")]
    fill(table, *rows)
    found = everything.select(table, "everything.name ILIKE %s OR tags && %s", ("%ad%", ["nothing"]))
    assert [row.name for row in found] == ["Ada"]


def test_a_view_without_history_answers_no_past(db: Database) -> None:
    with pytest.raises(NoHistory):
        a_shelf().select(db, as_of=AT)


def test_rows_that_cannot_be_kept_or_blanked_are_refused_where_they_are_declared() -> None:
    @dataclass(frozen=True)
    class Strange:
        key: UUID
        what: Personal[int]

    with pytest.raises(TypeError, match="Strange.what is personal"):
        View("strange", Strange, key="key")
    with pytest.raises(TypeError, match="no field 'nothing'"):
        View("strange", Everything, key="nothing")


def test_a_page_holds_some_items() -> None:
    for limit in (0, 501):
        with pytest.raises(ValueError, match="1 to 500"):
            PageRequest(limit)


def test_ranked_rows_come_the_highest_first_and_pages_go_on_behind(table: Database) -> None:
    rows = [a_row(name=name, count=count) for count in range(4) for name in ("b", "a", "c")]
    fill(table, *rows)
    found: list[Everything] = []
    cursor: str | None = None
    while True:
        page = everything.ranked(
            table, "count %% 2 + %s", (7,), "count < %s", (3,), order_by="name", page=PageRequest(2, cursor)
        )
        found += page.items
        if (cursor := page.next) is None:
            break
    wanted = sorted((each for each in rows if each.count < 3), key=lambda e: (-(e.count % 2), e.name, e.key))
    assert found == wanted
    with pytest.raises(MalformedCursor):
        everything.page(table, order_by="name", page=PageRequest(2, _cursor_of(table)))


def _cursor_of(table: Database) -> str | None:
    return everything.ranked(table, "count", (), order_by="name", page=PageRequest(2)).next


def test_an_array_is_indexed_by_its_elements() -> None:
    definitions = Table("shelf", everything.table.rows, ("tags array_ops", "name")).definitions()
    assert [each.split(" USING ")[1] for each in definitions[:2]] == ["gin (tags array_ops)", "btree (name)"]
