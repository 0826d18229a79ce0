"""The live window: what counts, for how long, and what is told when."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from crm.analytics.window import MINUTES, Cell, Place, Seen, Standing, Window, minute_of

NOW = datetime(2026, 3, 1, 12, 30, 15, tzinfo=UTC)
MINUTE = minute_of(NOW)
SALES = Place("sales", 0)


def window_of(*minutes: int | None, generation: int = 1) -> Window:
    """A window that saw facts of these minutes."""
    window = Window()
    window.begin(1, {SALES: 0})
    window.add([Seen(SALES, offset, minute, generation) for offset, minute in enumerate(minutes)], NOW)
    return window


def counts(window: Window, now: datetime = NOW) -> dict[Cell, int]:
    return window.take(now)[0]


def test_touchpoints_are_counted_per_minute_service_and_partition() -> None:
    window = window_of(MINUTE, MINUTE, MINUTE - 5)
    window.add([Seen(Place("sales", 1), 0, MINUTE, 1), Seen(Place("contacts", 0), 0, MINUTE, 1)], NOW)
    assert counts(window) == {
        Cell("sales", 0, MINUTE): 2,
        Cell("sales", 0, MINUTE - 5): 1,
        Cell("sales", 1, MINUTE): 1,
        Cell("contacts", 0, MINUTE): 1,
    }


def test_a_fact_about_no_contact_is_no_touchpoint() -> None:
    assert counts(window_of(None)) == {}


def test_what_is_older_than_an_hour_or_from_the_future_does_not_count() -> None:
    window = window_of(MINUTE - MINUTES - 1, MINUTE - MINUTES, MINUTE + 1, MINUTE + 2)
    assert {cell.minute for cell in counts(window)} == {MINUTE - MINUTES, MINUTE + 1}


def test_what_has_been_told_is_told_again_only_when_it_changes() -> None:
    window = window_of(MINUTE, MINUTE - 1)
    counts(window)
    assert counts(window) == {}
    window.add([Seen(SALES, 9, MINUTE, 1)], NOW)
    assert counts(window) == {Cell("sales", 0, MINUTE): 2}
    window.renew()
    assert counts(window) == {Cell("sales", 0, MINUTE): 2, Cell("sales", 0, MINUTE - 1): 1}


def test_an_hour_later_it_is_empty() -> None:
    window = window_of(MINUTE)
    assert counts(window, NOW + timedelta(minutes=MINUTES + 1)) == {}
    window.renew()
    assert counts(window) == {}


def test_after_an_assignment_everything_is_counted_anew_once() -> None:
    window = window_of(MINUTE)
    window.begin(2, {SALES: 0})
    window.add([Seen(SALES, 0, MINUTE, 1)], NOW)
    assert counts(window) == {}
    window.add([Seen(SALES, 0, MINUTE, 2)], NOW)
    assert counts(window) == {Cell("sales", 0, MINUTE): 1}


def test_it_knows_how_far_it_is_behind() -> None:
    window = window_of(MINUTE, None, MINUTE)
    window.stand({SALES: (NOW, 10), Place("sales", 5): (NOW, 3)})
    assert window.take(NOW)[1] == {SALES: Standing(NOW, 7)}
    assert window.take(NOW)[1] == {}
    window.stand({SALES: (NOW, 2)})
    assert window.take(NOW)[1] == {SALES: Standing(NOW, 0)}


def batches(facts: list[Seen], cuts: Iterable[int]) -> Iterable[list[Seen]]:
    ends = sorted({min(cut, len(facts)) for cut in cuts} | {0, len(facts)})
    return (facts[first:last] for first, last in zip(ends, ends[1:], strict=False))


@given(st.lists(st.integers(MINUTE - 70, MINUTE + 3), max_size=60), st.lists(st.integers(0, 60)))
def test_a9_neither_batches_nor_order_change_the_counts(minutes: list[int], cuts: list[int]) -> None:
    one, other = window_of(*minutes), window_of()
    for batch in batches([Seen(SALES, offset, each, 1) for offset, each in enumerate(reversed(minutes))], cuts):
        other.add(batch, NOW)
    assert counts(one) == counts(other)
