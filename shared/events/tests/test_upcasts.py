"""Upcasts: a fact of an old version is read as the newest one, whatever was renamed, split or sealed since.

The versions here are made up: (v1) a visit by one name and in minutes, (v2) in seconds, (v3) by first and last name,
with the note now personal.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from crm.events import ERASED, Fact, Personal, UnknownFact, catalogue, upcasts, wire
from crm.events.upcasts import Members

TYPES = tuple(f"crm.testing.visit-noted.v{n}" for n in (1, 2, 3))


class VisitNoted(Fact, frozen=True, tag=TYPES[2]):
    summary = "{first_name} {last_name} stayed for {seconds} s"
    seconds: int
    first_name: Personal[str]
    last_name: Personal[str]
    note: Personal[str | None] = None


def in_seconds(members: Members) -> Members:
    return {name: value for name, value in members.items() if name != "minutes"} | {"seconds": members["minutes"] * 60}


def by_two_names(members: Members) -> Members:
    kept = {name: value for name, value in members.items() if name != "name"}
    if "name" not in members:
        return kept  # erased
    first, _, last = members["name"].partition(" ")
    return kept | {"first_name": first, "last_name": last}


@pytest.fixture(autouse=True)
def versions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(upcasts, "UPCASTS", {TYPES[0]: (TYPES[1], in_seconds), TYPES[1]: (TYPES[2], by_two_names)})
    monkeypatch.setitem(catalogue.BY_TYPE, TYPES[2], VisitNoted)
    yield


GOLDEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    TYPES[0]: ({"minutes": 2, "note": "came by bike"}, {"name": "Ada Lovelace"}),
    TYPES[1]: ({"seconds": 120, "note": "came by bike"}, {"name": "Ada Lovelace"}),
    TYPES[2]: ({"seconds": 120}, {"first_name": "Ada", "last_name": "Lovelace", "note": "came by bike"}),
}
"""For ever: how each version was written, in clear and sealed."""

golden = pytest.mark.parametrize("fact_type", TYPES)


def value_of(fact_type: str) -> bytes:
    return json.dumps({"type": fact_type, **GOLDEN[fact_type][0], "personal": "sealed"}).encode()


@golden
def test_every_version_is_read_as_the_newest(fact_type: str) -> None:
    opened = json.dumps(GOLDEN[fact_type][1]).encode()
    read = wire.decode(fact_type, value_of(fact_type), lambda _: opened)
    assert read == VisitNoted(seconds=120, first_name="Ada", last_name="Lovelace", note="came by bike")


@golden
def test_an_erased_fact_of_any_version_tells_nothing_personal(fact_type: str) -> None:
    read = wire.decode(fact_type, value_of(fact_type), lambda _: None)
    assert read == VisitNoted(seconds=120, first_name=ERASED, last_name=ERASED, note=None)


def test_what_is_written_is_the_newest() -> None:
    fact = VisitNoted(seconds=1, first_name="Ada", last_name="L.")
    assert json.loads(wire.encode(fact, lambda _: "sealed"))["type"] == TYPES[2]


@golden
def test_the_newest_version_is_found(fact_type: str) -> None:
    assert upcasts.current_type(fact_type) == TYPES[2]
    assert upcasts.current_type("crm.sales.opportunity-won.v1") == "crm.sales.opportunity-won.v1"


@golden
def test_all_versions_are_found_by_any_of_them(fact_type: str) -> None:
    assert upcasts.versions_of(fact_type) == list(TYPES)
    won = "crm.sales.opportunity-won.v1"
    assert upcasts.versions_of(won, fact_type, TYPES[0]) == [won, *TYPES]
    assert upcasts.versions_of() == []


def test_an_upcast_changes_none_of_what_it_was_given() -> None:
    given = {"minutes": 2, "name": "Ada Lovelace"}
    upcasts.upcast(TYPES[0], given)
    assert given == {"minutes": 2, "name": "Ada Lovelace"}


def test_a_version_newer_than_this_code_is_kept_as_it_came() -> None:
    assert wire.decode("crm.testing.visit-noted.v4", b"{}", lambda _: None) == UnknownFact(
        name="crm.testing.visit-noted.v4", value=b"{}"
    )
