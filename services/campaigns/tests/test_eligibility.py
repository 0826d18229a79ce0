"""M1: whether a message may be sent, the first reason against it first."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from crm.campaigns.eligibility import EXPLANATIONS, Standing, obstacle
from crm.chassis.people.known import KnownContact

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ADDRESS = "ada@x.example"
ada = KnownContact(UUID(int=1), "Ada", ("other@x.example", "ADA@X.example"), (), None, False)
fine = Standing(ada, consented_at=NOW)


def test_m1_nothing_is_in_the_way_of_somebody_who_agreed() -> None:
    assert obstacle(fine, ADDRESS) is None


@pytest.mark.parametrize(
    ("standing", "reason"),
    [
        (Standing(replace(ada, erased=True)), "contact erased"),
        (Standing(None), "contact unknown"),
        (Standing(replace(ada, emails=())), "address invalid"),
        (replace(fine, suppressed_at=NOW), "suppressed"),
        (replace(fine, held_up=True), "consent not current"),
        (replace(fine, consented_at=None), "no consent"),
    ],
)
def test_m1_each_reason_against(standing: Standing, reason: str) -> None:
    assert obstacle(standing, ADDRESS) == reason
    assert EXPLANATIONS[reason]


def test_m1_the_reasons_are_asked_in_order() -> None:
    everything = Standing(replace(ada, emails=(), erased=True), suppressed_at=NOW)
    theirs = replace(everything, contact=ada)
    steps: list[tuple[Standing, bool]] = [
        (everything, False),
        (replace(everything, contact=None), False),
        (replace(everything, contact=replace(ada, emails=())), False),
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
    standing = replace(fine, contact=replace(ada, emails=("ada@x.example", "noreply@x.example")))
    assert obstacle(standing, address) == "address invalid"


def test_m1_a_suppression_holds_until_they_agree_anew() -> None:
    assert obstacle(replace(fine, suppressed_at=NOW - timedelta(seconds=1)), ADDRESS) is None
    assert obstacle(replace(fine, suppressed_at=NOW), ADDRESS) == "suppressed"
    assert obstacle(replace(fine, suppressed_at=NOW + timedelta(seconds=1)), ADDRESS) == "suppressed"
