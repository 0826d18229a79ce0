"""Days that numbers are asked for: a date, or the day of UTC that a moment lies in."""

from datetime import date

import pytest
from pydantic import TypeAdapter, ValidationError

from crm.analytics.api.fields import Day

days = TypeAdapter[date](Day)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        ("2026-03-01", date(2026, 3, 1)),
        ("2026-03-01T23:30:00Z", date(2026, 3, 1)),
        ("2026-03-01T23:30:00-02:00", date(2026, 3, 2)),
        ("0001-01-01", date(1, 1, 1)),
        ("9999-12-31", date(9999, 12, 31)),
    ],
)
def test_a_moment_stands_for_the_day_it_lies_in(given: str, day: date) -> None:
    assert days.validate_python(given) == day


@pytest.mark.parametrize("given", ["9999-12-31T23:59:59-10:00", "0001-01-01T01:00:00+10:00", "2026-03-01T10:00:00"])
def test_a_moment_that_has_no_day_in_utc_is_refused(given: str) -> None:
    with pytest.raises(ValidationError):
        days.validate_python(given)
