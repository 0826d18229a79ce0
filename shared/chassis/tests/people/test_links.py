"""Links about what people allow: nobody guesses them, and one kind does not pass for another."""

from uuid import UUID, uuid4

import pytest

from crm.chassis.keys import MemoryKeys
from crm.chassis.links import read, sign
from crm.chassis.people.links import (
    AskedFor,
    confirmation_token,
    preference_token,
    read_confirmation,
    read_preference,
)

ASKED, ADA = AskedFor(uuid4(), 3), uuid4()


def test_a_link_names_what_it_was_made_for() -> None:
    keys = MemoryKeys()
    assert read_confirmation(keys, confirmation_token(keys, ASKED)) == ASKED
    assert read_preference(keys, preference_token(keys, ADA)) == ADA


def test_a_link_outlives_the_rotation_of_the_key_it_was_made_under() -> None:
    keys = MemoryKeys()
    token = confirmation_token(keys, ASKED)
    keys.rotate_claim_key(notice_s=0)
    assert confirmation_token(keys, ASKED) != token
    assert read_confirmation(keys, token) == ASKED
    keys.retire_claim_key(1)
    assert read_confirmation(keys, token) is None


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 48, "=" * 10, "%00"])
def test_what_was_not_made_here_names_nothing(token: str) -> None:
    keys = MemoryKeys()
    assert read_confirmation(keys, token) is None
    assert read_preference(keys, token) is None


def test_a_link_serves_one_purpose() -> None:
    keys = MemoryKeys()
    token = sign(keys, "preferences", ADA.bytes)
    assert read(keys, "preferences", token, 16) == ADA.bytes
    assert read(keys, "confirm", token, 16) is None
    assert read_confirmation(keys, preference_token(keys, UUID(int=1))) is None
    assert read_preference(MemoryKeys(), token) is None
