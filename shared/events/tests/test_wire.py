"""The wire form: what is written is read, what is personal is sealed, erased or unknown facts stay readable."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from crm.events import ERASED, Fact, Sealed, UnknownFact, catalogue, summarise, type_of, wire
from crm.events.contacts import ContactRegistered, ContactRenamed
from crm.events.fact import personal_fields
from crm.events.particulars import ExternalId, Phone, PostalAddress
from crm.events.sales import LeadCaptured, OpportunityWon

FACTS = [each for each in catalogue.BY_TYPE.values() if each.__module__.startswith("crm.events.")]

texts = st.text(st.characters(codec="utf-8"), max_size=20)
_PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    bool: st.booleans(),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    made = _BY_ORIGIN.get(get_origin(hint))
    return made(*get_args(hint)) if made else structs(hint)


def _annotated(hint: Any, *notes: object) -> st.SearchStrategy[Any]:
    forms = [each for each in notes if isinstance(each, Meta) and each.pattern]
    return _texts_of(forms[0]) if forms else values(hint)


def _texts_of(form: Meta) -> st.SearchStrategy[str]:
    found = st.from_regex((form.pattern or "").replace("$", r"\Z"))
    return found.filter(lambda text: len(text) <= form.max_length) if form.max_length else found


def _one_of(*hints: Any) -> st.SearchStrategy[Any]:
    return st.one_of([values(each) for each in hints])


_BY_ORIGIN: dict[Any, Callable[..., st.SearchStrategy[Any]]] = {
    Annotated: _annotated,
    Literal: lambda *choices: st.sampled_from(choices),
    Union: _one_of,
    UnionType: _one_of,
    list: lambda hint: st.lists(values(hint), max_size=3),
    tuple: lambda hint, _: st.lists(values(hint), max_size=3).map(tuple),
    dict: lambda key, value: st.dictionaries(values(key), values(value), max_size=3),
}


def structs(struct: type[Struct]) -> st.SearchStrategy[Any]:
    """Instances of a struct; a fact is one."""
    hints = get_type_hints(struct, include_extras=True)
    return st.builds(struct, **{name: values(hints[name]) for name in struct.__struct_fields__})


facts: st.SearchStrategy[Fact] = st.sampled_from(FACTS).flatmap(structs)

ADA = ContactRegistered(
    name="Ada Lovelace",
    emails=["ada@company.example"],
    phones=[Phone("020 7946 0123", "+442079460123")],
    address=PostalAddress(city="London", country="GB"),
    external_ids=[ExternalId("shop", "4711")],
)


class Seal:
    """A seal that keeps what it was given."""

    def __init__(self) -> None:
        self.plaintexts: list[bytes] = []

    def close(self, plaintext: bytes) -> str:
        self.plaintexts.append(plaintext)
        return f"sealed:{len(self.plaintexts) - 1}"

    def open(self, token: str) -> bytes | None:
        return self.plaintexts[int(token.removeprefix("sealed:"))]


def destroyed(_: str) -> None:
    """Unseals nothing any more."""


def never(_: Any) -> Any:
    raise AssertionError("there is nothing personal")


@given(facts)
def test_what_is_written_is_read(fact: Fact) -> None:
    seal = Seal()
    value = wire.encode(fact, seal.close)
    assert wire.decode(type_of(fact), value, seal.open) == fact
    assert len(seal.plaintexts) == bool(personal_fields(type(fact)))


@given(facts)
def test_what_is_personal_is_in_the_seal_and_nowhere_else(fact: Fact) -> None:
    seal, personal = Seal(), personal_fields(type(fact))
    members = json.loads(wire.encode(fact, seal.close))
    sealed = json.loads(seal.plaintexts[0]) if seal.plaintexts else {}
    assert sealed.keys() == personal
    assert members.keys() - {"type", "personal"} == set(fact.__struct_fields__) - personal
    assert members["type"] == type_of(fact)


@given(facts)
def test_an_erased_fact_keeps_what_is_not_personal(fact: Fact) -> None:
    read = wire.decode(type_of(fact), wire.encode(fact, Seal().close), destroyed)
    assert type(read) is type(fact)
    for name in fact.__struct_fields__:
        value = getattr(read, name)
        if name in personal_fields(type(fact)):
            assert value in (ERASED, None, [])
        else:
            assert value == getattr(fact, name)
    assert summarise(read)


def test_erased_text_says_so_lists_are_empty_and_the_rest_is_none() -> None:
    read = wire.decode(type_of(ADA), wire.encode(ADA, Seal().close), destroyed)
    assert read == ContactRegistered(name="[erased]", emails=[], phones=[], address=None, external_ids=[])
    assert summarise(read) == "[erased] became a contact"


def test_the_order_of_members_is_that_of_the_declaration() -> None:
    lead = LeadCaptured(contact=UUID(int=1), provisional=True, source="web", name="Ada", interest="bikes")
    value = wire.encode(lead, lambda _: "sealed")
    assert value == (
        b'{"type":"crm.sales.lead-captured.v1","contact":"00000000-0000-0000-0000-000000000001","provisional":true,'
        b'"source":"web","personal":"sealed"}'
    )


def test_members_that_are_not_known_are_passed_over() -> None:
    value = b'{"type":"crm.contacts.contact-renamed.v1","personal":"sealed","since":"2027"}'
    assert wire.decode(type_of(ContactRenamed), value, lambda _: b'{"name":"Ada","nick":"A"}') == ContactRenamed("Ada")
    won = b'{"type":"crm.sales.opportunity-won.v1","amount":{"minor":1,"currency":"EUR","of":"?"},"more":[1]}'
    assert isinstance(wire.decode(type_of(OpportunityWon), won, never), OpportunityWon)


def test_members_that_are_optional_may_be_missing() -> None:
    value = b'{"type":"crm.contacts.contact-registered.v1","personal":"sealed"}'
    read = wire.decode(type_of(ContactRegistered), value, lambda _: b'{"name":"Ada"}')
    assert read == ContactRegistered(name="Ada")


@pytest.mark.parametrize(
    "value",
    [
        b"{",
        b"[]",
        b'{"type":"crm.contacts.contact-renamed.v1"}',
    ],
)
def test_what_does_not_fit_is_refused(value: bytes) -> None:
    with pytest.raises((msgspec.ValidationError, msgspec.DecodeError)):
        wire.decode(type_of(ContactRenamed), value, lambda _: b"{}")


@pytest.mark.parametrize("fact_type", ["crm.sales.deal-dreamt.v1", "crm.sales.opportunity-won.v2", "crm.fleet.sold.v1"])
def test_a_type_that_is_not_known_is_kept_as_it_came(fact_type: str) -> None:
    value = b'{ "type": "?", "personal": "sealed", "nothing": [null] }'
    read = wire.decode(fact_type, value, never)
    assert read == UnknownFact(name=fact_type, value=value)
    assert type_of(read) == summarise(read) == fact_type


def test_a_stored_fact_is_opened_in_its_envelope() -> None:
    seal, moment = Seal(), datetime(2026, 3, 1, tzinfo=UTC)
    sealed = Sealed(
        stream=UUID(int=1),
        version=7,
        append_id=UUID(int=2),
        partition_key=UUID(int=3),
        occurred_at=moment,
        recorded_at=moment,
        actor="user:kim",
        channel="web",
        contact_ids=(UUID(int=3),),
        correlation_id="one",
        type=type_of(ADA),
        value=wire.encode(ADA, seal.close),
    )
    recorded = wire.open_fact(sealed, seal.open)
    assert (recorded.fact, recorded.event_id, recorded.service) == (ADA, f"{UUID(int=1)}:7", "contacts")
    assert all(getattr(recorded, name) == getattr(sealed, name) for name in sealed.__struct_fields__ if name != "value")
