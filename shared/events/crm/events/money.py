"""Money: whole minor units of an ISO 4217 currency."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from msgspec import Meta, Struct

Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]

_DIGITS = {"BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3} | dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
)
"""Digits after the point where they are not two (ISO 4217, table A.1)."""


def minor_digits(currency: str) -> int:
    """How many digits after the decimal point a currency has."""
    return _DIGITS.get(currency, 2)


class Money(Struct, frozen=True):
    """An amount in minor units (cents, yen, fils) and its currency."""

    minor: int
    currency: Currency

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> "Money":
        """An amount in major units, rounded HALF_EVEN to the currency's minor unit."""
        unit = Decimal(1).scaleb(-minor_digits(currency))
        return cls(int(amount.quantize(unit, ROUND_HALF_EVEN).scaleb(minor_digits(currency))), currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.minor).scaleb(-minor_digits(self.currency))

    def __str__(self) -> str:
        return f"{self.amount:,} {self.currency}"
