"""The fields that request bodies have in common: text, moments, money."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints, model_validator

from crm.chassis.people.identity import is_email
from crm.events import Money
from crm.events.money import minor_digits
from crm.sales.api.currencies import CURRENCIES

FIRST_YEAR, LAST_YEAR = 1900, 2200

Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Note: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


def _in_utc(moment: datetime) -> datetime:
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"Give a time between the years {FIRST_YEAR} and {LAST_YEAR}.")
    return moment.astimezone(UTC)


Moment: TypeAlias = Annotated[AwareDatetime, AfterValidator(_in_utc)]
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


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("Give a currency of ISO 4217, such as EUR.")
    return code


class Report(BaseModel, extra="forbid"):
    """Something that happened, perhaps earlier than it is told."""

    occurred_at: Moment | None = Field(default=None, description="When it happened, if not just now.")


class Priced(BaseModel):
    """An amount of money: decimal digits as text, so that no cent gets lost on the way, and its currency."""

    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,3})?$")] = Field(examples=["12000.00"])
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_currency)] = Field(
        examples=["EUR"]
    )

    @model_validator(mode="after")
    def _has_that_many_digits(self) -> Self:
        if self.money.amount != Decimal(self.amount):
            digits = minor_digits(self.currency)
            raise ValueError(f"{self.currency} has {digits} digits after the point; give no more.")
        return self

    @property
    def money(self) -> Money:
        return Money.of(Decimal(self.amount), self.currency)
