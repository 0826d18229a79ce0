"""JSON Schemas of facts as they travel: personal fields stand in one encrypted member, described beside it."""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import jsoncompat
import msgspec

from crm.events import Fact, type_of
from crm.events.fact import personal_fields

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KEPT_OPEN = ("additionalProperties",)

JsonSchema = dict[str, Any]


def urn(fact_type: str) -> str:
    """The name a schema is known by, as in the header `ce_dataschema`."""
    return f"urn:crm:schema:{fact_type}"


@cache
def schema_of(fact_class: type[Fact]) -> JsonSchema:
    """The schema of a fact's JSON value in the store and on Kafka."""
    whole = msgspec.json.schema(fact_class)
    definitions = whole.pop("$defs")
    body = definitions.pop(fact_class.__name__)
    personal = personal_fields(fact_class)
    clear = {name: each for name, each in body["properties"].items() if name not in personal}
    required = [name for name in body["required"] if name not in personal]
    if personal:
        fields = {name: body["properties"][name] for name in sorted(personal)}
        clear["personal"] = _personal_member(fields, [name for name in body["required"] if name in personal])
        required.append("personal")
    schema: JsonSchema = {
        "$schema": DIALECT,
        "$id": urn(type_of(fact_class)),
        "title": fact_class.__name__,
        "description": fact_class.summary,
        "type": "object",
        "properties": clear,
        "required": required,
    }
    used = {name: each for name, each in definitions.items() if f"#/$defs/{name}" in json.dumps([schema, definitions])}
    return schema | ({"$defs": used} if used else {})


def _personal_member(fields: dict[str, Any], required: list[str]) -> JsonSchema:
    return {
        "type": "string",
        "contentMediaType": "application/jose",
        "description": "JWE (RFC 7516, compact; dir, A256GCM) of a JSON object; `kid` names the subject's key,"
        " `eid` the event. Unreadable once the key is destroyed.",
        "x-personal": {"type": "object", "properties": fields, "required": required},
    }


def example_of(schema: JsonSchema) -> Any:
    """A value that fits a schema; always the same one."""
    return _example(schema, schema.get("$defs", {}))


def _example(schema: JsonSchema, definitions: dict[str, JsonSchema]) -> Any:
    if "$ref" in schema:
        return _example(definitions[schema["$ref"].rsplit("/", 1)[1]], definitions)
    if "anyOf" in schema:
        return _example(schema["anyOf"][0], definitions)
    if "enum" in schema:
        return schema["enum"][0]
    return _EXAMPLES.get(schema.get("type", ""), _text_example)(schema, definitions)


def _object_example(schema: JsonSchema, definitions: dict[str, JsonSchema]) -> dict[str, Any]:
    return {name: _example(each, definitions) for name, each in schema.get("properties", {}).items()}


def _array_example(schema: JsonSchema, definitions: dict[str, JsonSchema]) -> list[Any]:
    return [_example(schema["items"], definitions)] if isinstance(schema.get("items"), dict) else []


def _number_example(schema: JsonSchema, _: dict[str, JsonSchema]) -> int:
    return int(max(schema.get("minimum", 1), schema.get("exclusiveMinimum", 0) + 1))


def _text_example(schema: JsonSchema, _: dict[str, JsonSchema]) -> str:
    return _text(schema)


_EXAMPLES: dict[str, Callable[[JsonSchema, dict[str, JsonSchema]], Any]] = {
    "object": _object_example,
    "array": _array_example,
    "integer": _number_example,
    "number": _number_example,
    "boolean": lambda *_: True,
    "null": lambda *_: None,
}


def _text(schema: JsonSchema) -> str:
    if schema.get("contentMediaType") == "application/jose":
        return "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..AAAAAAAAAAAAAAAA.AA.AAAAAAAAAAAAAAAAAAAAAA"
    formats = {
        "uuid": "8d0f1f0e-6a57-4c5b-9f0e-1b2c3d4e5f60",
        "date-time": "2026-11-23T09:30:00Z",
        "date": "2026-11-23",
        "decimal": "12.50",
    }
    if schema.get("pattern") == "^[A-Z]{3}$":
        return "EUR"
    return formats.get(schema.get("format", ""), "text")


def is_compatible(old: JsonSchema, new: JsonSchema) -> bool:
    """Whether readers and writers of both schemas understand each other, in both directions (FULL).

    A reader ignores members it does not know, so the reading side counts as open and the writing side as closed.
    """
    backward = jsoncompat.check_compat(json.dumps(_closed(old)), json.dumps(_open(new)), "deserializer")
    forward = jsoncompat.check_compat(json.dumps(_open(old)), json.dumps(_closed(new)), "serializer")
    return bool(backward and forward)


def _closed(schema: Any) -> Any:
    return _with_objects(schema, {"additionalProperties": False})


def _open(schema: Any) -> Any:
    return _with_objects(schema, {})


def _with_objects(schema: Any, more: JsonSchema) -> Any:
    if isinstance(schema, list):
        return [_with_objects(each, more) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("x-personal"), dict):
        schema = schema["x-personal"]  # what is sealed must stay readable as well
    inner = {key: _with_objects(each, more) for key, each in schema.items() if not key.startswith("x-")}
    for described in ("description", "title", "$id", "$schema", "contentMediaType"):
        if isinstance(inner.get(described), str):
            del inner[described]
    return inner | more if inner.get("type") == "object" and "properties" in inner else inner
