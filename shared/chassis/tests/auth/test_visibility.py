"""What is hidden from whom may not read addresses: everything by which somebody is reached, and nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.auth.visibility import HIDDEN, without_addresses
from crm.chassis.http.visible import summary_of


def test_addresses_numbers_and_devices_are_hidden_and_named() -> None:
    contact = {
        "id": "7",
        "name": "Ada",
        "emails": [{"email": "ada@example.com", "verified": True}],
        "phones": [{"phone": "030 1", "e164": "+49301", "primary": True}],
        "address": {"street": "1 Ockham Park", "city": None, "country": "GB"},
        "devices": ["cookie-1"],
        "aliases": [],
    }
    assert without_addresses(contact) == {
        "id": "7",
        "name": "Ada",
        "emails": [{"email": HIDDEN, "verified": True}],
        "phones": [{"phone": HIDDEN, "e164": HIDDEN, "primary": True}],
        "address": {"street": HIDDEN, "city": None, "country": "GB"},
        "devices": [HIDDEN],
        "aliases": [],
        "hidden": ["emails", "phones", "address", "devices"],
    }


@pytest.mark.parametrize(
    "value",
    [
        None,
        7,
        "Ada Lovelace",
        {"shared": True, "emails": [], "address": None},
        {"actor": "user:kim@crm.example", "owner": "kim@crm.example"},
        {"kind": "note", "value": "030 1"},
        [{"opened_at": "2026-01-01T00:00:00Z", "token": "contacts/0b0e6d2e-6f5d-4c39-8a0e-4d8a2f3c9d41:1"}],
    ],
)
def test_what_is_no_address_is_shown(value: Any) -> None:
    assert without_addresses(value) == value


def test_an_address_in_a_text_is_hidden_too() -> None:
    assert without_addresses({"name": "ada@example.com", "body": "Write to <ada@example.com>, please."}) == {
        "name": HIDDEN,
        "body": f"Write to <{HIDDEN}>, please.",
        "hidden": ["name", "body"],
    }
    assert without_addresses({"kind": "phone", "value": "030 1"}) == {
        "kind": "phone",
        "value": HIDDEN,
        "hidden": ["value"],
    }


def test_a_history_is_worded_anew() -> None:
    item = {
        "type": "crm.contacts.contact-phone-added.v1",
        "summary": "Telephone number 030 1 added",
        "data": {"phone": "030 1", "e164": "+49301", "shared": False},
    }
    shown = without_addresses(item, summary_of)
    assert shown["summary"] == f"Telephone number {HIDDEN} added"
    assert shown["data"] == {"phone": HIDDEN, "e164": HIDDEN, "shared": False, "hidden": ["phone", "e164"]}
    moved = {
        "type": "crm.contacts.contact-moved.v1",
        "summary": "Moved to 1 Ockham Park, London, GB",
        "data": {"address": {"street": "1 Ockham Park", "city": "London", "country": "GB"}},
    }
    assert without_addresses(moved, summary_of)["summary"] == f"Moved to {HIDDEN}, {HIDDEN}, GB"


@pytest.mark.parametrize("fact_type", ["crm.contacts.unheard-of.v1", "crm.contacts.contact-moved.v1"])
def test_a_summary_that_cannot_be_worded_says_nothing(fact_type: str) -> None:
    item = {"type": fact_type, "summary": "030 1", "data": {"phone": "030 1"}}
    assert without_addresses(item, summary_of)["summary"] == HIDDEN


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(("canary@example.com", "Ada canary@example.com", "x")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("email", "name", "data")), inner),
)


@given(ANYTHING)
def test_no_address_is_left_anywhere_and_hiding_twice_changes_nothing(value: Any) -> None:
    shown = without_addresses(value)
    assert "canary@" not in str(shown)
    assert without_addresses(_bare(shown)) in (shown, _bare(shown))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _bare(each) for name, each in value.items() if name != "hidden"}
    return [_bare(each) for each in value] if isinstance(value, list) else value
