"""A rebuilt view equals the live one while facts go on; it may be cut at any chunk and switches at once (P5, I6)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event, Thread
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from msgspec.structs import replace as struct_replace

from crm.chassis.database import Database
from crm.chassis.projection import (
    Delivery,
    Feed,
    Mark,
    NotRunning,
    Past,
    Rebuilt,
    View,
    discard,
    prepare,
    rebuild,
    states,
    unbuilt,
)
from crm.chassis.projection import building as building_module
from crm.chassis.projection.batch import CONTACT_ERASED
from crm.chassis.projection.places import Overtaken
from crm.chassis.projection.rebuild import AlreadyRunning, give_up
from crm.chassis.projection.sources import Bookmark
from crm.chassis.projection.swapping import checksums
from crm.chassis.testing.shelf import (
    Book,
    BookAdded,
    BookBurnt,
    BookLent,
    BookLost,
    Impatient,
    a_shelf,
    adds_up,
    feed_of,
    one,
    rows_of,
    time_out,
)
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Position, Recorded, Sealed, wire


class InMemory:
    """The past of a log in memory."""

    def __init__(self, records: Records) -> None:
        self.records = records

    def end(self) -> Position | None:
        return self.records.log[-1].position if self.records.log else None

    def page(self, after: Bookmark | None, until: Position, limit: int) -> Sequence[Sealed]:
        place = after or Bookmark(UUID(int=0), 0)
        found = [each for each in self.records.log if each.position and each.position <= until]
        ordered = sorted(found, key=lambda each: (each.stream, each.version))
        return [each for each in ordered if (each.stream, each.version) > place][:limit]


def past(records: Records) -> Past:
    return Past("shelf", InMemory(records), records)


def lend_some(records: Records, books: int = 40) -> list[UUID]:
    streams = [uuid4() for _ in range(books)]
    for stream in streams:
        records.record(stream, BookAdded("Dune", "Ada"))
    for at, stream in enumerate(streams * 3):
        records.record(stream, BookLent(uuid4(), f"{at}"))
    for stream in streams[::7]:
        records.record(stream, BookLost())
    return streams


def live(db: Database, records: Records, view: View[Any]) -> Feed:
    feed = feed_of(db, records, view)
    feed.take(from_log(records.log))
    return feed


def sums(db: Database, view: View[Any]) -> list[str]:
    with db.connection() as connection:
        return checksums(connection, view)


def run(db: Database, records: Records, view: View[Any], **options: Any) -> Rebuilt:
    return rebuild(db, view, records.keys, past(records), actor="user:ops", **options)


def a_readers_view(**options: Any) -> View[Book]:
    """Rows under keys of their own."""
    view = View("readers", Book, key="book_id", indexes=("title, book_id",), **options)

    @view.on(BookLent, keys=lambda e: [e.fact.reader])
    def borrow(row: Book | None, e: Recorded[BookLent], reader: UUID) -> Book:
        before = row or Book(reader, "", reader, None, 0, [])
        return replace(before, lent=before.lent + 1)

    return view


VIEWS: list[Callable[[], View[Any]]] = [a_shelf, lambda: a_shelf(row_history=True), a_readers_view]


@pytest.mark.parametrize("make", VIEWS, ids=["by stream", "with history", "by other keys"])
@pytest.mark.parametrize("chunk", [7, 10_000])
def test_i6_a_rebuilt_view_equals_the_live_one(db: Database, make: Callable[[], View[Any]], chunk: int) -> None:
    records, view = Records(), make()
    lend_some(records)
    live(db, records, view)
    before = sums(db, view)
    with db.connection() as connection:
        connection.execute(f"DELETE FROM {view.name}".encode())
    result = run(db, records, view, chunk=chunk)
    assert sums(db, view) == before
    assert result.facts == len(records.log)
    assert one(db, "SELECT sum(version) FROM applied") == len(records.log)
    assert one(db, "SELECT consumed FROM checkpoints") == len(records.log)
    assert adds_up(db)


def test_after_a_rebuild_the_view_goes_on_with_the_next_fact(db: Database) -> None:
    records, view = Records(), a_shelf()
    streams = lend_some(records, 3)
    worker = live(db, records, view)
    run(db, records, view)
    records.record(streams[1], BookLent(uuid4(), "next"))
    fresh = feed_of(db, records, view)
    assert fresh.marks == {0: records.log[-2].position}
    fresh.take(from_log(records.log[-1:]))
    assert rows_of(db, view)[streams[1]].notes[-1] == "next"
    with pytest.raises(Overtaken):
        worker.take(from_log(records.log[-1:]))
    assert one(db, "SELECT count(*) FROM pg_tables WHERE tablename LIKE %s", "shelf%") == 1
    indexes = one(db, "SELECT string_agg(indexname, ' ') FROM pg_indexes WHERE tablename = 'shelf_v1'")
    assert "_new" not in indexes
    assert "_old" not in indexes


def test_p5_it_is_rebuilt_while_facts_go_on_and_is_never_empty(db: Database) -> None:
    records, view, stop = Records(), a_shelf(), Event()
    streams = lend_some(records, 60)
    live(db, records, view)
    seen: set[int] = set()

    def go_on() -> None:
        feed = feed_of(db, records, view)
        while not stop.is_set():
            new = records.record(streams[1], BookLent(uuid4(), "meanwhile"))
            try:
                feed.take(from_log(new))
            except Exception:  # noqa: BLE001 (switched: this worker opens the new tables, as a lane does)
                feed.open()
                feed.take(from_log(new))
            seen.add(len(rows_of(db, view)))

    worker = Thread(target=go_on)
    worker.start()
    try:
        run(db, records, view, chunk=5)
        rebuilt_once = one(db, "SELECT count(*) FROM rebuilds WHERE finished_at IS NOT NULL")
    finally:
        stop.set()
        worker.join(30)
    assert rebuilt_once == 1
    assert len(seen) == 1
    assert rows_of(db, view) == view.fold(_opened(records))
    assert adds_up(db)


def _opened(records: Records) -> list[Any]:
    return [wire.open_fact(each, records.keys.unseal) for each in records.log]


@pytest.mark.parametrize("cut", range(8))
def test_p5_a_rebuild_that_is_cut_goes_on_where_it_was(db: Database, monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 20)
    live(db, records, view)
    before = sums(db, view)
    taken: list[int] = []

    def tell(progress: object) -> None:
        taken.append(1)
        if len(taken) == cut + 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(db, records, view, chunk=11, tell=tell)
    result = run(db, records, view, chunk=11)
    assert result.facts == len(records.log) - 11 * (cut + 1) or cut == 7
    assert sums(db, view) == before
    assert one(db, "SELECT count(*) FROM rebuilds") == 1
    assert one(db, "SELECT facts FROM rebuilds") == len(records.log)
    assert adds_up(db)


def test_p5_cut_inside_a_chunk_nothing_of_it_is_kept(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 20)
    live(db, records, view)
    before = sums(db, view)
    with monkeypatch.context() as broken:
        broken.setattr(building_module, "_keep", _gone)
        with pytest.raises(psycopg.OperationalError):
            run(db, records, view, chunk=30)
    assert one(db, "SELECT count(*) FROM shelf_v1_new") == 0
    run(db, records, view, chunk=30)
    assert sums(db, view) == before


def test_p5_cut_after_a_first_part_of_a_chunk_it_goes_on(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a chunk was too much for one transaction, its parts are kept before how far the scan is."""
    records, view = Records(), a_shelf()
    view.on_connection(BookBurnt)(Impatient(12, time_out))
    for stream in lend_some(records, 20):
        records.record(stream, BookBurnt())
    live(db, records, view)
    before = sums(db, view)
    with monkeypatch.context() as broken:
        broken.setattr(building_module, "_keep", _gone)
        with pytest.raises(psycopg.OperationalError):
            run(db, records, view)
    assert 0 < one(db, "SELECT count(*) FROM shelf_v1_new") < 20
    assert run(db, records, view).facts == len(records.log)
    assert sums(db, view) == before
    assert adds_up(db)


def _gone(*arguments: object) -> None:
    raise psycopg.OperationalError("the server went away")


def test_i6_a_view_that_is_behind_is_rebuilt_to_where_it_is(db: Database) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 9)
    feed = feed_of(db, records, view)
    feed.take(from_log(records.log[:17]))
    before = sums(db, view)
    run(db, records, view)
    assert sums(db, view) == before
    assert feed_of(db, records, view).marks == {0: records.log[16].position}


def test_two_jobs_do_not_rebuild_one_view(db: Database) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 3)
    live(db, records, view)
    refused: list[type[BaseException]] = []

    def tell(progress: object) -> None:
        with pytest.raises(AlreadyRunning):
            run(db, records, view)
        refused.append(AlreadyRunning)

    run(db, records, view, tell=tell)
    assert refused


def test_a_rebuild_can_be_given_up(db: Database) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 3)
    live(db, records, view)
    with pytest.raises(KeyboardInterrupt):
        run(db, records, view, tell=_interrupt)
    give_up(db, view)
    assert one(db, "SELECT count(*) FROM pg_tables WHERE tablename LIKE %s", "shelf%") == 1
    assert one(db, "SELECT count(*) FROM rebuilds") == 0


def _interrupt(progress: object) -> None:
    raise KeyboardInterrupt


def test_i11_a_rebuild_brings_no_erased_person_back(db: Database) -> None:
    records, view, ada = Records(), a_shelf(), uuid4()
    lend_some(records, 3)
    book = UUID(int=1)
    records.record(book, BookAdded("Dune", "Ada Lovelace"), BookLent(uuid4(), "Ada's"), subject=ada)
    (fact,) = records.record(ada, BookBurnt(), contact_ids=(ada,))
    records.log[-1] = struct_replace(fact, type=CONTACT_ERASED, value=b"{}")
    live(db, records, view)
    run(db, records, view, chunk=4)  # the key is still cached somewhere: nothing was destroyed here
    row = rows_of(db, view)[book]
    assert (row.owner, row.notes, row.lent) == (None, [], 1)


def test_poison_is_parked_in_a_rebuild_and_what_people_gave_up_stays_given_up(db: Database) -> None:
    records, view, sick = Records(), a_shelf(), uuid4()
    lend_some(records, 5)
    records.record(sick, BookAdded("Sick"), BookLent(uuid4(), "poison"), BookLent(uuid4(), "behind"))
    feed = live(db, records, view)
    discard(feed, one(db, "SELECT id FROM parked WHERE state = 'parked'"), actor="user:ops", reason="a typo")
    before = sums(db, view)
    run(db, records, view, chunk=9)
    assert sums(db, view) == before
    assert one(db, "SELECT decided_by || ': ' || message FROM parked") == "user:ops: a typo"
    assert adds_up(db)


def test_i6_what_an_earlier_attempt_parked_is_tried_again_once_its_cause_is_mended(db: Database) -> None:
    records, view, broken = Records(), a_shelf(), a_shelf()
    sick = lend_some(records, 5)[1]
    live(db, records, view)
    before = sums(db, view)

    @broken.on(BookAdded)
    def fail(row: Book | None, e: Recorded[BookAdded]) -> Book | None:
        if e.stream == sick:
            raise ValueError
        return row

    def cut(progress: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(db, records, broken, tell=cut)
    assert one(db, "SELECT count(*) FROM parked") == 4
    run(db, records, view)
    assert sums(db, view) == before
    assert one(db, "SELECT count(*) FROM parked") == 0


def test_a_rebuild_whose_handlers_fail_stops_and_leaves_the_live_view_alone(db: Database) -> None:
    records, view = Records(), a_shelf()
    lend_some(records, 9)
    live(db, records, view)
    before = sums(db, view)
    broken = a_shelf()
    broken.handlers.pop(BookLent)
    broken.on(BookLent)(lambda row, e: 1 / 0)  # type: ignore[arg-type]
    with pytest.raises(NotRunning, match="5 streams in a row failed on crm.shelf.book-lent.v1"):
        run(db, records, broken)
    assert sums(db, view) == before
    with db.connection() as connection:
        assert states(connection)["shelf_v1"][0] == "running"


def test_a_new_version_is_built_beside_the_old_one_and_then_runs(db: Database) -> None:
    records, old, new = Records(), a_shelf(), a_shelf(version=2)
    lend_some(records, 9)
    live(db, records, old)
    with db.connection() as connection:
        prepare(connection, [new])
        assert unbuilt(connection, [old, new]) == [new]
    with pytest.raises(NotRunning, match="building"):
        Feed(db, new, "shelf", records.keys).open()
    run(db, records, new)
    assert rows_of(db, new) == rows_of(db, old)
    with db.connection() as connection:
        assert unbuilt(connection, [old, new]) == []
        assert states(connection)["shelf_v2"][0] == "running"
    records.record(UUID(int=5), BookAdded("New"))
    for view in (old, new):
        feed_of(db, records, view).take(from_log(records.log[-1:]))
    assert rows_of(db, new) == rows_of(db, old)


def test_foreign_facts_are_read_from_the_first_offset_up_to_the_live_marks(db: Database) -> None:
    records, view = Records(), a_readers_view()
    lend_some(records, 12)
    topic = from_topic(records.log, partitions=3)
    feed = feed_of(db, records, view)
    feed.take(topic[:30])
    before = sums(db, view)

    class Topic:
        def read(self, service: str, shard: int, after: Mark, limit: int) -> list[Delivery]:
            assert service == "shelf"
            return [each for each in topic if each.shard == shard and each.mark > after][:limit]

    elsewhere = Past("another-service", InMemory(Records()), Records(), Topic())
    rebuild(db, view, records.keys, elsewhere, actor="user:ops", chunk=4)
    assert sums(db, view) == before
    assert feed_of(db, records, view).marks == feed.marks
    assert adds_up(db)
