"""The journal of destructions, in memory and in PostgreSQL."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeAlias
from uuid import uuid4

import pytest

from crm.chassis.keys import (
    Destruction,
    journal_lines,
    read_journal,
)
from crm.chassis.keys.stored import StoredKeys

ADA, BOB = uuid4(), uuid4()
OpenKeys: TypeAlias = Callable[..., StoredKeys]


def test_a_journal_destroys_again_in_an_older_copy(open_keys: OpenKeys, keys: StoredKeys) -> None:
    moment = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    token = keys.seal(ADA, "1", b"Ada")
    kept = keys.seal(BOB, "1", b"Bob")
    journal = [Destruction(ADA, moment), Destruction(uuid4(), moment), Destruction(ADA, moment + timedelta(days=1))]
    keys.replay(read_journal([*journal_lines(journal), "\n"]))
    keys.replay(journal)
    assert keys.unseal(token) is None
    assert open_keys().unseal(token) is None
    assert keys.unseal(kept) == b"Bob"
    assert {each.destroyed_at for each in keys.destructions()} == {moment}


def test_destructions_are_listed_in_order_and_since_a_moment(keys: StoredKeys) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    journal = [Destruction(uuid4(), start + timedelta(minutes=number)) for number in range(5)]
    for each in journal:
        keys.replay([each])
    assert list(keys.destructions()) == journal
    assert list(keys.destructions(start + timedelta(minutes=3))) == journal[3:]


def test_a_long_journal_is_replayed_and_listed(keys: StoredKeys) -> None:
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    journal = [Destruction(uuid4(), moment) for _ in range(2_100)]
    keys.replay(iter(journal))
    assert set(keys.destructions()) == set(journal)


def test_a_damaged_journal_is_refused_before_anybody_is_left_out() -> None:
    lines = [*journal_lines([Destruction(ADA, datetime.now(UTC))]), '{"subject":"ada@x.example"}']
    with pytest.raises(ValueError, match="Line 2") as refused:
        list(read_journal(lines))
    assert "ada" not in str(refused.value)
