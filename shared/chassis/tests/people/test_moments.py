"""Moments in requests: dated, with their offset, and within what a store keeps and a reader reads."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter, ValidationError

from crm.chassis.people.fields import Moment

moments = TypeAdapter[datetime](Moment)


@pytest.mark.parametrize(
    "given",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T12:00:00+02:00",
        "2026-03-01 10:00:00.000Z",
        datetime(2026, 3, 1, 10, tzinfo=UTC),
    ],
)
def test_a_moment_is_read_in_utc(given: object) -> None:
    read = moments.validate_python(given)
    assert (read, read.tzinfo) == (datetime(2026, 3, 1, 10, tzinfo=UTC), UTC)


@pytest.mark.parametrize(
    "given", [2798, 2798.5, "2798", "1772359200000", True, "2026-03-01", "2026-03-01T10:00:00", "now"]
)
def test_numbers_and_moments_without_an_offset_are_refused(given: object) -> None:
    with pytest.raises(ValidationError):
        moments.validate_python(given)


@pytest.mark.parametrize(
    "given",
    ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00", "1899-12-31T23:59:59Z", "2201-01-01T00:00:00Z"],
)
def test_what_lies_too_far_away_is_refused(given: str) -> None:
    with pytest.raises(ValidationError, match="between the years 1900 and 2200"):
        moments.validate_python(given)


def test_a_description_tells_what_to_send() -> None:
    assert moments.json_schema() == {"type": "string", "format": "date-time"}
