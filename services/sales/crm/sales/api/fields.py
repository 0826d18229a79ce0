"""The fields that request bodies of sales have in common: notes and money."""

from decimal import Decimal
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from crm.events import Money
from crm.events.money import minor_digits
from crm.sales.api.currencies import CURRENCIES

Note: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=5_000)]


def _currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("Give a currency of ISO 4217, such as EUR.")
    return code


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
