"""C7: what a person allows under several ids; the most restrictive word wins."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from crm.chassis.people.permissions import Permission, verdict_of
from crm.chassis.people.verdict import Standing


def at(day: int) -> datetime:
    return datetime(2026, 1, day, tzinfo=UTC)


def said(granted: bool, day: int) -> Permission:
    standing: Standing = "granted" if granted else "withdrawn"
    return Permission(uuid4(), uuid4(), "email", "marketing", granted, at(day), standing)


yes, no = True, False


@pytest.mark.parametrize(
    ("words", "joined", "expected"),
    [
        ([], None, None),
        ([(yes, 1)], None, 1),
        ([(no, 1)], None, None),
        ([(yes, 1), (yes, 3)], 2, 3),
        ([(yes, 3), (no, 1)], None, None),  # granted under one id, withdrawn under another, before they were one
        ([(yes, 3), (no, 1)], 4, None),
        ([(yes, 3), (no, 1)], 2, 3),  # granted once they were one person, after every withdrawal
        ([(yes, 3), (no, 5)], 2, None),
        ([(yes, 3), (no, 3)], 2, None),
    ],
)
def test_c7_one_withdrawal_outweighs_what_was_granted_before_the_ids_were_one(
    words: list[tuple[bool, int]], joined: int | None, expected: int | None
) -> None:
    rows = [said(*each) for each in words]
    joined_at = at(joined) if joined else None
    found = verdict_of(rows, [each.contact_id for each in rows], "email", "marketing", None, joined_at=joined_at)
    assert (found.since if found.allows else None) == (at(expected) if expected else None)
