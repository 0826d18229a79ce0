"""Schemas and examples of facts: what is personal is described beside its seal, and every example is one."""

import json
from datetime import date
from uuid import UUID

import pytest
from jsonschema_rs import meta, validator_for

from crm.chassis.documents.examples import example_of
from crm.chassis.documents.schemas import inlined, schema_of, sealed_schema, urn
from crm.chassis.keys import MemoryKeys
from crm.events import Fact, Moment, Personal, catalogue, type_of, wire

FACTS = [each for each in catalogue.BY_TYPE.values() if each.__module__.startswith("crm.events.")]
each_fact = pytest.mark.parametrize("fact_class", FACTS, ids=type_of)


class BellRang(Fact, frozen=True, tag="crm.testing.bell-rang.v1"):
    summary = "{by} rang"
    by: Personal[str]
    at: Moment
    on: date
    bell: UUID
    listeners: Personal[list[str]] = []
    loud: bool = False


class BellMuted(Fact, frozen=True, tag="crm.testing.bell-muted.v1"):
    """Nothing is heard any more."""

    summary = "Muted"
    why: Personal[str | None] = None


@each_fact
def test_the_schema_is_one_and_its_example_fits(fact_class: type[Fact]) -> None:
    schema = schema_of(fact_class)
    meta.validate(schema)
    assert not list(validator_for(schema, validate_formats=True).iter_errors(example_of(schema)))
    assert json.loads(json.dumps(schema)) == schema
    assert schema["$id"] == urn(type_of(fact_class))


@each_fact
def test_an_example_can_be_read_and_written_again(fact_class: type[Fact]) -> None:
    schema = schema_of(fact_class)
    sealed = sealed_schema(schema)
    personal = json.dumps(example_of(sealed)).encode() if sealed else b""
    fact = wire.decode(type_of(fact_class), json.dumps(example_of(schema)).encode(), lambda _: personal)
    assert isinstance(fact, fact_class)
    keys, subject = MemoryKeys(), UUID(int=1)
    value = wire.encode(fact, lambda plaintext: keys.seal(subject, "stream:1", plaintext))
    assert not list(validator_for(schema, validate_formats=True).iter_errors(json.loads(value)))


@each_fact
def test_what_is_personal_stands_in_no_other_member(fact_class: type[Fact]) -> None:
    schema = schema_of(fact_class)
    sealed = sealed_schema(schema)
    inside = set(sealed["properties"]) if sealed else set()
    outside = set(schema["properties"]) - {"personal", "type"}
    assert inside | outside == set(fact_class.__struct_fields__)
    assert not inside & outside


def test_a_schema_tells_what_travels() -> None:
    schema = schema_of(BellRang)
    assert schema["properties"].keys() == {"type", "at", "on", "bell", "loud", "personal"}
    assert schema["required"] == ["type", "at", "on", "bell", "personal"]
    assert schema["properties"]["at"] == {"type": "string", "format": "date-time"}
    sealed = schema["properties"]["personal"]["x-personal"]
    assert sealed["properties"].keys() == {"by", "listeners"}
    assert sealed["required"] == ["by"]


def test_the_seal_may_be_missing_where_all_personal_fields_may() -> None:
    schema = schema_of(BellMuted)
    assert schema["required"] == ["type"]
    assert schema["description"] == "Nothing is heard any more."


def test_an_inlined_schema_refers_to_nothing() -> None:
    outer = {"type": "object", "properties": {"inner": {"$ref": "#/$defs/Inner"}}}
    fields = {"was": {"$ref": "#/$defs/Outer"}, "now": {"$ref": "#/$defs/Outer"}}
    schema = {"$id": "urn:x", "properties": fields, "$defs": {"Outer": outer, "Inner": {"type": "null"}}}
    found = {"type": "object", "properties": {"inner": {"type": "null"}}}
    assert inlined(schema) == {"properties": {"was": found, "now": found}}


def test_examples_say_something() -> None:
    example = example_of(schema_of(BellRang))
    assert example["loud"] is False
    assert UUID(example["bell"]) != UUID(int=0)
    sealed = sealed_schema(schema_of(BellRang))
    assert sealed
    assert example_of(sealed) == {"by": "agent", "listeners": ["listeners"]}
    assert example_of(schema_of(BellRang)) == example
