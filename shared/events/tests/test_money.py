"""Money: whole minor units, rounded half to even."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.events.money import Money, minor_digits

minors = st.integers(-(10**15), 10**15)
currencies = st.sampled_from(["EUR", "USD", "JPY", "KRW", "KWD", "TND", "XXX"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("12.34", "EUR", 1234),
        ("0.125", "EUR", 12),  # half: to the even neighbour, down
        ("0.135", "EUR", 14),  # half: to the even neighbour, up
        ("0.1250001", "EUR", 13),
        ("-0.125", "EUR", -12),
        ("-0.135", "EUR", -14),
        ("1234", "JPY", 1234),
        ("0.5", "JPY", 0),
        ("1.5", "JPY", 2),
        ("2.5", "JPY", 2),
        ("1.2345", "KWD", 1234),
        ("1.2355", "KWD", 1236),
        ("0", "KWD", 0),
    ],
)
def test_an_amount_is_rounded_half_to_even(amount: str, currency: str, minor: int) -> None:
    assert Money.of(Decimal(amount), currency) == Money(minor, currency)


@pytest.mark.parametrize(("currency", "digits"), [("EUR", 2), ("JPY", 0), ("ISK", 0), ("KWD", 3), ("BHD", 3)])
def test_digits_are_those_of_iso_4217(currency: str, digits: int) -> None:
    assert minor_digits(currency) == digits


@given(minors, currencies)
def test_an_amount_in_major_units_is_the_same_amount(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert Money.of(money.amount, currency) == money


@given(st.decimals(-(10**12), 10**12, places=6), currencies)
def test_rounding_moves_by_half_a_unit_at_most(amount: Decimal, currency: str) -> None:
    unit = Decimal(1).scaleb(-minor_digits(currency))
    assert abs(Money.of(amount, currency).amount - amount) <= unit / 2


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(1234567, "EUR"), "12,345.67 EUR"),
        (Money(1234567, "JPY"), "1,234,567 JPY"),
        (Money(1234567, "KWD"), "1,234.567 KWD"),
        (Money(-5, "EUR"), "-0.05 EUR"),
        (Money(0, "EUR"), "0.00 EUR"),
    ],
)
def test_people_read_it_in_major_units(money: Money, text: str) -> None:
    assert str(money) == text


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "E R"])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(msgspec.json.encode({"minor": 1, "currency": currency}), type=Money)
