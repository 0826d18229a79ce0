"""What may change in the schema of a fact type: optional fields may be added. All else is a new version of the type.

FULL_TRANSITIVE: whoever reads or writes by one revision understands whoever reads or writes by any other. `jsoncompat`
judges which values both accept; what it does not look at (formats, defaults, fields that are gone) is compared here.
"""

import json
from collections.abc import Iterator
from typing import Any

import jsoncompat

from crm.chassis.documents.schemas import SEALED, JsonSchema, inlined

_FOR_PEOPLE = ("title", "description", "$id", "$schema", "contentMediaType")
_STRUCTURE = {"properties", "required", "items", "anyOf", "additionalProperties", "x-personal", *_FOR_PEOPLE}


def changes(old: JsonSchema, new: JsonSchema) -> list[str]:
    """What keeps readers and writers of the two from understanding each other, for people; empty if nothing does."""
    found = list(_compared(inlined(old), inlined(new), "the fact"))
    return found or ([] if _accept_each_other(old, new) else ["the values that are accepted differ"])


def is_compatible(old: JsonSchema, new: JsonSchema) -> bool:
    """Whether a type may go from one schema to the other and keep its version."""
    return not changes(old, new)


def is_same(old: JsonSchema, new: JsonSchema) -> bool:
    """Whether two schemas differ in nothing but their texts for people."""
    return bool(_bare(old) == _bare(new))


def _compared(old: Any, new: Any, where: str) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - _STRUCTURE):
        if old.get(keyword) != new.get(keyword):
            yield f"{where}: `{keyword}` was {old.get(keyword)!r} and is {new.get(keyword)!r}"
    yield from _compared_fields(old, new, where)
    for keyword in ("items", "additionalProperties", "x-personal"):
        yield from _compared_part(old.get(keyword), new.get(keyword), where, keyword)
    kinds = (old.get("anyOf", []), new.get("anyOf", []))
    if len(kinds[0]) != len(kinds[1]):
        yield f"{where}: it may be other kinds of values than before"
    for before, after in zip(*kinds, strict=False):
        yield from _compared(before, after, where)


def _compared_part(old: Any, new: Any, where: str, keyword: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _compared(old, new, where)
    elif old != new:
        yield f"{where}: `{keyword}` changed"


def _compared_fields(old: Any, new: Any, where: str) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in before:
        if name not in after:
            yield f"{where}: `{name}` is gone"
        else:
            yield from _compared(before[name], after[name], "what is personal" if name == SEALED else f"`{name}`")
    for name in sorted(set(old.get("required", ())) ^ set(new.get("required", ()))):
        yield f"{where}: `{name}` is {'now' if name in new.get('required', ()) else 'no longer'} required"


def _accept_each_other(old: JsonSchema, new: JsonSchema) -> bool:
    """A reader ignores members it does not know, so the reading side counts as open and the writing side as closed."""
    backward = jsoncompat.check_compat(json.dumps(_closed(old)), json.dumps(_bare(new)), "deserializer")
    forward = jsoncompat.check_compat(json.dumps(_bare(old)), json.dumps(_closed(new)), "serializer")
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
