"""M1: whether a message may be sent, the first reason against it first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crm.campaigns.eligibility import EXPLANATIONS, Standing, obstacle

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "ada@x.example"
fine = Standing(addresses=("other@x.example", "ADA@X.example"), consented_at=NOW)


def test_m1_nothing_is_in_the_way_of_somebody_who_agreed() -> None:
    assert obstacle(fine, ADDRESS) is None


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing(erased=True), "contact erased"),
        (Standing(known=False), "contact unknown"),
        (replace(fine, addresses=()), "address invalid"),
        (replace(fine, suppressed_at=NOW), "suppressed"),
        (replace(fine, held_up=True), "consent not current"),
        (replace(fine, consented_at=None), "no consent"),
    ],
)
def test_m1_each_reason_against(standing: Standing, reason: str) -> None:
    assert obstacle(standing, ADDRESS) == reason
    assert EXPLANATIONS[reason]


def test_m1_the_reasons_are_asked_in_order() -> None:
    everything = Standing(known=False, erased=True, suppressed_at=NOW)
    theirs = Standing(addresses=fine.addresses, suppressed_at=NOW)
    steps: list[tuple[Standing, bool]] = [
        (everything, False),
        (replace(everything, erased=False), False),
        (replace(theirs, addresses=()), False),
        (theirs, False),
        (replace(theirs, suppressed_at=None), False),
        (replace(theirs, suppressed_at=None), True),
        (fine, True),
    ]
    assert [obstacle(standing, ADDRESS, fresh=fresh, stopped=True) for standing, fresh in steps] == [
        "contact erased",
        "contact unknown",
        "address invalid",
        "suppressed",
        "consent not current",
        "no consent",
        "campaign over",
    ]


def test_m2_a_copy_that_is_not_fresh_fails_closed() -> None:
    assert obstacle(fine, ADDRESS, fresh=False) == "consent not current"


@pytest.mark.parametrize("address", [None, "no address", "noreply@x.example", "left@x.example"])
def test_m1_an_address_is_invalid_if_it_is_none_nobodys_or_not_theirs_any_more(address: str | None) -> None:
    standing = replace(fine, addresses=("ada@x.example", "noreply@x.example"))
    assert obstacle(standing, address) == "address invalid"


def test_m1_a_suppression_holds_until_they_agree_anew() -> None:
    assert obstacle(replace(fine, suppressed_at=NOW - timedelta(seconds=1)), ADDRESS) is None
    assert obstacle(replace(fine, suppressed_at=NOW), ADDRESS) == "suppressed"
    assert obstacle(replace(fine, suppressed_at=NOW + timedelta(seconds=1)), ADDRESS) == "suppressed"
