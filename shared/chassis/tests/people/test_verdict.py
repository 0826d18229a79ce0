"""What follows from all that somebody said (C7)."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.people.permissions import Permission, Permissions, verdict_of
from crm.chassis.people.verdict import Verdict, address_key, most_restrictive, verdict
from crm.chassis.testing.views import recorded
from crm.events.consents import (
    ConsentExpired,
    ConsentGranted,
    ConsentRequested,
    ConsentRequestExpired,
    ConsentWithdrawn,
)

ADA = uuid4()
DAY = [datetime(2026, 3, day, tzinfo=UTC) for day in range(1, 29)]
NOW = DAY[20]


def word(standing: Any, day: int, address: str | None = None, **more: Any) -> Permission:
    given = {"channel": "email", "purpose": "marketing", "contact_id": ADA, "for_address": address is not None}
    return Permission(
        **{"consent": uuid4(), "granted": standing == "granted", "since": DAY[day], "standing": standing, **given},
        address=address,
        **more,
    )


def objection(kind: Any, standing: Any = "withdrawn") -> Permission:
    return Permission(uuid4(), ADA, "", "", False, DAY[1], standing, kind)


def state(words: Iterable[Permission], address: str | None = None, channel: str = "email") -> str:
    return verdict(words, channel, "marketing", address, NOW).state


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "unknown"),
        ([word("granted", 1)], "granted"),
        ([word("granted", 1, "Ada@X.example")], "granted"),
        ([word("granted", 1, "eve@x.example")], "unknown"),
        ([word("granted", 1), word("withdrawn", 2, "ada@x.example")], "withdrawn"),
        ([word("granted", 3), word("withdrawn", 2, "ada@x.example")], "granted"),
        ([word("granted", 2), word("withdrawn", 2, "ada@x.example")], "withdrawn"),
        ([word("withdrawn", 1), word("granted", 2, "ada@x.example")], "granted"),
        ([word("granted", 1, "ada@x.example"), word("withdrawn", 2)], "withdrawn"),
        ([word("granted", 1, expires_at=NOW)], "expired"),
        ([word("granted", 1, expires_at=DAY[21])], "granted"),
        ([word("expired", 1)], "expired"),
        ([word("unknown", 1, pending_until=DAY[21])], "pending"),
        ([word("unknown", 1, pending_until=NOW)], "unknown"),
        ([word("withdrawn", 1, pending_until=DAY[21])], "withdrawn"),
        ([word("granted", 1), objection("do_not_process")], "do_not_process"),
        ([word("granted", 1, legal_basis="contract"), objection("do_not_process")], "granted"),
        ([word("granted", 1), objection("do_not_process", "unknown")], "granted"),
        ([word("granted", 1), objection("do_not_call")], "granted"),
    ],
)
def test_c7_what_counts_for_an_address(words: list[Permission], expected: str) -> None:
    assert state(words, "ada@x.example") == expected


def test_c7_what_counts_for_one_address_does_not_allow_the_channel() -> None:
    assert state([word("granted", 1, "ada@x.example")]) == "unknown"
    assert state([word("granted", 1), word("withdrawn", 2, "ada@x.example")]) == "granted"


def test_c7_who_asked_not_to_be_called_is_not_called_whatever_they_agreed_to() -> None:
    agreed = word("granted", 5, legal_basis="contract")
    by_phone = Permission(**{**vars(agreed), "channel": "phone"})
    assert state([by_phone], channel="phone") == "granted"
    assert state([by_phone, objection("do_not_call")], channel="phone") == "do_not_call"


def test_c13_what_was_said_for_an_erased_address_allows_none_and_forbids_all() -> None:
    gone = {"for_address": True, "address": None}
    assert state([Permission(**{**vars(word("granted", 1)), **gone})], "ada@x.example") == "unknown"
    withdrawn = Permission(**{**vars(word("withdrawn", 2)), **gone})
    assert state([word("granted", 1), withdrawn], "ada@x.example") == "withdrawn"


def test_c7_the_most_restrictive_of_several_ids_counts() -> None:
    states: list[Any] = ["unknown", "expired", "pending", "granted", "withdrawn", "do_not_call", "do_not_process"]
    for more in range(1, len(states) + 1):
        assert most_restrictive(map(Verdict, states[:more])) == Verdict(states[more - 1])
    assert most_restrictive([]) == Verdict("unknown")


def test_c7_what_was_granted_after_the_ids_were_known_to_be_one_persons_counts_again() -> None:
    withdrawn, early, late = Verdict("withdrawn", DAY[2]), Verdict("granted", DAY[3]), Verdict("granted", DAY[5])
    joined_at = DAY[4]
    assert most_restrictive([withdrawn, early], joined_at) == withdrawn
    assert most_restrictive([withdrawn, early, late]) == withdrawn
    assert most_restrictive([withdrawn, early, late], joined_at) == late
    assert most_restrictive([withdrawn, late, Verdict("do_not_process", DAY[1])], joined_at).state == "do_not_process"


def test_c7_a_withdrawal_under_one_id_outweighs_a_later_grant_under_another() -> None:
    other = uuid4()
    said = [word("withdrawn", 1), Permission(**{**vars(word("granted", 2)), "contact_id": other})]
    assert verdict_of(said, [ADA, other], "email", "marketing", None, at=NOW).state == "withdrawn"
    assert verdict_of(said, [other], "email", "marketing", None, at=NOW).state == "granted"


@given(st.permutations([("granted", 1), ("withdrawn", 2), ("expired", 3), ("granted", 4)]), st.booleans())
def test_the_order_in_which_words_are_read_does_not_matter(order: list[tuple[str, int]], addressed: bool) -> None:
    words = [word(standing, day, "ada@x.example" if addressed else None) for standing, day in order]
    assert state(words, "ada@x.example") == "granted"


@pytest.mark.parametrize(
    ("channel", "one", "other"),
    [
        ("email", " Ada@X.Example", "ada@x.example"),
        ("phone", "+5511987654321", "+551187654321"),
        ("email", "noreply@x.example", "noreply@x.example"),
    ],
)
def test_c1_c2_spellings_of_an_address_are_one(channel: str, one: str, other: str) -> None:
    assert address_key(channel, one) == address_key(channel, other)
    assert address_key(channel, one) != address_key(channel, "+493012345678")


def test_a_request_waits_beside_what_was_said_and_leaves_no_trace_when_nobody_answers() -> None:
    what: dict[str, Any] = {"contact": ADA, "channel": "email", "purpose": "marketing"}
    asked = ConsentRequested(**what, wording_version="2", source="form", expires_at=NOW)
    facts = [
        ConsentWithdrawn(**what, source="mail"),
        asked,
        ConsentRequestExpired(**what),
        ConsentGranted(**what, wording_version="2", source="form", expires_at=NOW + timedelta(days=1)),
        ConsentExpired(**what),
    ]
    stream, view = uuid4(), Permissions()

    def standing(count: int) -> tuple[str, bool, bool]:
        (row,) = view.fold([recorded(stream, fact, at + 1) for at, fact in enumerate(facts[:count])]).values()
        return row.standing, row.granted, row.pending_until is not None

    assert [standing(count + 1) for count in range(len(facts))] == [
        ("withdrawn", False, False),
        ("withdrawn", False, True),
        ("withdrawn", False, False),
        ("granted", True, False),
        ("expired", False, False),
    ]
