"""JSON Schemas of facts as they travel: personal fields stand in one encrypted member, described beside it."""

import inspect
import json
from functools import cache
from typing import Any

import msgspec

from crm.events import Fact, type_of
from crm.events.fact import personal_fields

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SEALED = "personal"
"""The member that personal fields travel in."""

JsonSchema = dict[str, Any]


def urn(fact_type: str) -> str:
    """The name a schema is known by, as in the header `ce_dataschema`."""
    return f"urn:crm:schema:{fact_type}"


@cache
def schema_of(fact_class: type[Fact]) -> JsonSchema:
    """The schema of a fact's JSON value in the store and on Kafka."""
    whole = json.loads(json.dumps(msgspec.json.schema(fact_class)))  # as whoever reads the file has it
    definitions = _described(whole.pop("$defs"))
    body = definitions.pop(fact_class.__name__)
    personal = personal_fields(fact_class)
    members = {name: each for name, each in body["properties"].items() if name not in personal}
    required = [name for name in body["required"] if name not in personal]
    if personal:
        sealed = {name: body["properties"][name] for name in sorted(personal)}
        inner = [name for name in body["required"] if name in personal]
        members[SEALED] = _sealed_member(sealed, inner)
        # A fact that never had personal fields may get optional ones: older facts have no such member.
        required += [SEALED] if inner else []
    schema: JsonSchema = {
        "$schema": DIALECT,
        "$id": urn(type_of(fact_class)),
        "title": fact_class.__name__,
        "description": body.get("description", fact_class.summary),
        "type": "object",
        "properties": members,
        "required": required,
    }
    used = {name: each for name, each in definitions.items() if f"#/$defs/{name}" in json.dumps([schema, definitions])}
    return schema | ({"$defs": used} if used else {})


def sealed_schema(schema: JsonSchema) -> JsonSchema | None:
    """The schema of the JSON object that is encrypted in the member `personal`; None if a fact has none."""
    member = schema["properties"].get(SEALED)
    if member is None:
        return None
    return {**member["x-personal"], "title": schema["title"], "$defs": schema.get("$defs", {})}


def inlined(schema: JsonSchema) -> Any:
    """A schema without `$defs` and `$id`, so that it may stand inside another document."""
    definitions = schema.get("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(each) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return resolve(definitions[node["$ref"].rsplit("/", 1)[1]])
        return {key: resolve(each) for key, each in node.items() if key not in ("$defs", "$id", "$schema")}

    return resolve(schema)


def _described(definitions: dict[str, JsonSchema]) -> dict[str, JsonSchema]:
    """Descriptions come from docstrings: without their indentation."""
    for each in definitions.values():
        if "description" in each:
            each["description"] = inspect.cleandoc(each["description"])
    return definitions


def _sealed_member(fields: dict[str, Any], required: list[str]) -> JsonSchema:
    return {
        "type": "string",
        "contentMediaType": "application/jose",
        "description": "JWE (RFC 7516, compact; dir, A256GCM) of the JSON object that `x-personal` describes; `kid`"
        " names the subject's key, `eid` the event. Unreadable once the key is destroyed.",
        "x-personal": {"type": "object", "properties": fields, "required": required},
    }
