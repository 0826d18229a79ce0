"""What may change in the schema of a fact type: optional fields may be added. All else is a new version of the type.

FULL_TRANSITIVE: whoever reads or writes by one revision understands whoever reads or writes by any other. `jsoncompat`
judges which values a field takes; what it does not look at (fields that are gone, formats, defaults) is compared here.
"""

import json
from collections.abc import Iterator
from typing import Any

import jsoncompat

from crm.chassis.documents.schemas import JsonSchema, inlined

_FOR_PEOPLE = ("title", "description", "$id", "$schema", "contentMediaType")


def changes(old: JsonSchema, new: JsonSchema) -> list[str]:
    """What keeps readers and writers of the two from understanding each other, for people; empty if nothing does."""
    return list(_changes(_bare(inlined(old)), _bare(inlined(new))))


def is_compatible(old: JsonSchema, new: JsonSchema) -> bool:
    """Whether a type may go from one schema to the other and keep its version."""
    return not changes(old, new)


def is_same(old: JsonSchema, new: JsonSchema) -> bool:
    """Whether two schemas differ in nothing but their texts for people."""
    return bool(_bare(old) == _bare(new))


def _changes(old: JsonSchema, new: JsonSchema) -> Iterator[str]:
    before, after = old["properties"], new["properties"]
    for name in before:
        if name not in after:
            yield f"`{name}` is gone"
        elif "properties" in before[name] and "properties" in after[name]:
            yield from (f"in `{name}`: {each}" for each in _changes(before[name], after[name]))
        elif not _take_the_same(before[name], after[name]):
            yield f"`{name}` takes other values than before"
        else:
            yield from (f"`{name}` has another {each}" for each in _unlike(before[name], after[name]))
    for name in sorted(set(old["required"]) ^ set(new["required"])):
        yield f"`{name}` is {'now' if name in new['required'] else 'no longer'} required"


def _unlike(old: Any, new: Any) -> Iterator[str]:
    """Formats and defaults that differ, and fields that are gone, anywhere inside two schemas of one shape."""
    if isinstance(old, list):
        for before, after in zip(old, new, strict=True):
            yield from _unlike(before, after)
    elif isinstance(old, dict):
        yield from (each for each in ("format", "default") if old.get(each) != new.get(each))
        for name, field in old.get("properties", {}).items():
            yield from _unlike(field, new["properties"][name]) if name in new["properties"] else ["set of fields"]
        for keyword in ("items", "anyOf", "additionalProperties"):
            yield from _unlike(old.get(keyword), new.get(keyword))


def _take_the_same(old: JsonSchema, new: JsonSchema) -> bool:
    """A reader ignores members it does not know, so the reading side counts as open and the writing side as closed."""
    backward = jsoncompat.check_compat(json.dumps(_closed(old)), json.dumps(new), "deserializer")
    forward = jsoncompat.check_compat(json.dumps(old), json.dumps(_closed(new)), "serializer")
    return bool(backward and forward)


def _closed(schema: JsonSchema) -> Any:
    return _with_objects(schema, {"additionalProperties": False})


def _bare(schema: JsonSchema) -> Any:
    """Without texts for people, and with what is sealed in the place of the seal."""
    return _with_objects(schema, {})


def _with_objects(schema: Any, more: JsonSchema) -> Any:
    if isinstance(schema, list):
        return [_with_objects(each, more) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(schema.get("x-personal"), dict):
        schema = schema["x-personal"]  # what is sealed must stay readable as well
    kept = {key: each for key, each in schema.items() if not (key in _FOR_PEOPLE and isinstance(each, str))}
    inner = {key: _with_objects(each, more) for key, each in kept.items() if not key.startswith("x-")}
    return inner | more if inner.get("type") == "object" and "properties" in inner else inner
