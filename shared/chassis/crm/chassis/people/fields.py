"""What request bodies about people have in common: lines of text, moments, e-mail addresses."""

import re
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, Field, StringConstraints

from crm.chassis.people.identity import is_email

FIRST_YEAR, LAST_YEAR = 1900, 2200

Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
PhoneText: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50)]


_DATED = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _written_out(given: object) -> object:
    """Pydantic would also take numbers, as seconds or milliseconds since 1970."""
    if not isinstance(given, datetime) and not (isinstance(given, str) and _DATED.match(given)):
        raise ValueError("Give a moment with its offset from UTC, such as 2026-11-23T09:30:00Z.")
    return given


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"Give a time between the years {FIRST_YEAR} and {LAST_YEAR}.")
    return moment.astimezone(UTC)


Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(_in_utc), BeforeValidator(_written_out)]
"""A point in time, given with its offset from UTC."""


def _email(entered: str) -> str:
    if not is_email(entered):
        raise ValueError("Give a valid e-mail address, such as ada@company.example.")
    return entered


Email: TypeAlias = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=254),
    AfterValidator(_email),
    Field(json_schema_extra={"format": "email"}),
]
"""An e-mail address, kept as entered (C1)."""


class Report(BaseModel, extra="forbid"):
    """Something that happened, perhaps earlier than it is told."""

    occurred_at: Moment | None = Field(default=None, description="When it happened, if not just now.")
