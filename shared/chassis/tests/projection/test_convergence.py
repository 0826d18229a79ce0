"""Whatever the order across streams, the repeats and the delays: all views end up the same (P2, A9)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.chassis.database import Database
from crm.chassis.projection import Delivery, Feed, View, prepare
from crm.chassis.testing.shelf import BookAdded, BookBurnt, BookLent, BookLost, a_shelf, one, rows_of
from crm.chassis.testing.views import Records
from crm.events import Fact, Position, Recorded, Sealed, wire


@dataclass(frozen=True)
class Reader:
    reader: UUID
    borrowed: int
    last: str


@dataclass(frozen=True)
class Happening:
    reader: UUID
    stream: UUID
    version: int
    type: str


def a_readers_list() -> View[Reader]:
    """Rows in which streams meet."""
    readers = View("readers", Reader, key="reader")

    @readers.on(BookLent, keys=lambda e: [e.fact.reader])
    def borrow(row: Reader | None, e: Recorded[BookLent], reader: UUID) -> Reader:
        before = row or Reader(reader, 0, "")
        return replace(before, borrowed=before.borrowed + 1, last=max(before.last, e.fact.note))

    return readers


def a_history() -> View[Happening]:
    """Everything, with keys of several columns."""
    history = View("happenings", Happening, key=("reader", "stream", "version"), services=("shelf",))

    @history.on_any(keys=lambda e: [(contact, e.stream, e.version) for contact in e.contact_ids])
    def note(_: Happening | None, e: Recorded[Fact], key: tuple[UUID, UUID, int]) -> Happening:
        return Happening(*key, e.type)

    return history


READERS = [UUID(int=900 + n) for n in range(3)]
FACTS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=25)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Records, list[Sealed]]:
    """What happened, and one way in which it arrives."""
    records = Records()
    for book, what, reader in draw(FACTS):
        fact: Fact = [BookAdded("Dune"), BookLent(READERS[reader], f"{reader}"), BookLost(), BookBurnt()][what]
        known = any(each.stream == UUID(int=book + 1) for each in records.log)
        records.record(UUID(int=book + 1), fact if known else BookAdded("Dune"), contact_ids=READERS[: reader + 1])
    streams: dict[UUID, list[Sealed]] = {}
    for each in records.log:
        streams.setdefault(each.stream, []).append(each)
    arriving: list[Sealed] = []
    sent: list[Sealed] = []
    while streams:
        stream = draw(st.sampled_from(sorted(streams)))
        arriving.append(streams[stream].pop(0))
        sent.append(arriving[-1])
        if not streams[stream]:
            del streams[stream]
        if draw(st.integers(0, 4)) == 0:
            arriving.append(draw(st.sampled_from(sent)))
    return records, arriving


def _delivered(facts: Iterable[Sealed]) -> list[Delivery]:
    return [Delivery(each, 0, Position(0, 0, at + 1)) for at, each in enumerate(facts)]


@pytest.mark.parametrize("view", [a_shelf(), a_readers_list(), a_history()], ids=lambda view: str(view.name))
def test_p2_views_converge_however_facts_arrive(db: Database, view: View[Any]) -> None:
    if view.name.startswith("shelf"):
        view.handlers.pop(BookLent, None)  # a lost book cannot be lent; here only the order matters
    with db.connection() as connection:
        prepare(connection, [view])

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(history=histories(), size=st.sampled_from([1, 4, 100]))
    def converges(history: tuple[Records, list[Sealed]], size: int) -> None:
        records, arriving = history
        with db.connection() as connection:
            connection.execute(f"TRUNCATE {view.name}, applied, checkpoints, parked".encode())
        feed = Feed(db, view, "shelf", records.keys)
        feed.open()
        facts = _delivered(arriving)
        for start in range(0, len(facts), size):
            feed.take(facts[start : start + size])
        opened = [e for e in _opened(records) if isinstance(e, Recorded)]
        assert rows_of(db, view) == view.fold(opened)
        assert one(db, "SELECT sum(repeats) FROM checkpoints") == len(arriving) - len(records.log)
        assert one(db, "SELECT sum(version) FROM applied") == len(records.log)

    converges()


def _opened(records: Records) -> list[Recorded[Fact]]:
    return [wire.open_fact(each, records.keys.unseal) for each in records.log]
