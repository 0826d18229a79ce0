"""Links in mails: nobody guesses them, and they tell nothing."""

from base64 import urlsafe_b64decode
from uuid import uuid4

import pytest

from crm.campaigns.links import Followed, read, token
from crm.chassis.keys import MemoryKeys

MESSAGE = uuid4()


def test_a_token_names_its_message_and_link() -> None:
    keys = MemoryKeys()
    assert read(keys, "click", token(keys, "click", MESSAGE, 3)) == Followed(MESSAGE, 3)
    assert read(keys, "unsubscribe", token(keys, "unsubscribe", MESSAGE)) == Followed(MESSAGE, 0)


def test_a_token_serves_one_purpose_and_comes_from_here() -> None:
    keys = MemoryKeys()
    assert read(keys, "unsubscribe", token(keys, "click", MESSAGE)) is None
    assert read(MemoryKeys(), "click", token(keys, "click", MESSAGE)) is None


def test_no_character_of_a_token_can_be_changed() -> None:
    keys = MemoryKeys()
    made = token(keys, "click", MESSAGE, 1)
    for at in range(len(made) - 1):
        other = "A" if made[at] != "A" else "B"
        assert read(keys, "click", made[:at] + other + made[at + 1 :]) is None


@pytest.mark.parametrize("given", ["", "x", "ü" * 46, "A" * 46, "A" * 47, "=" * 8, "../etc", "A" * 5_000])
def test_what_is_no_token_is_none(given: str) -> None:
    assert read(MemoryKeys(), "click", given) is None


def test_a_token_is_short_and_fits_an_address() -> None:
    made = token(MemoryKeys(), "click", MESSAGE, 65_535)
    assert len(made) == 46
    assert urlsafe_b64decode(made + "==")[:16] == MESSAGE.bytes
