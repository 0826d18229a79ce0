"""The gate of evolution: no fact that was ever written becomes unreadable, and no reader that ever was is left behind.

What fails here is mended by keeping the fields as they were, or by the next version of the type and an upcast.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, cast, get_type_hints
from uuid import UUID

import msgspec
import pytest
from jsonschema_rs import validator_for
from msgspec import Meta, Struct

from crm.chassis.documents.compatibility import changes, is_compatible, is_same
from crm.chassis.documents.examples import example_of
from crm.chassis.documents.kept import SCHEMAS, revisions
from crm.chassis.documents.schemas import schema_of, sealed_schema
from crm.events import Fact, Personal, UnknownFact, catalogue, upcasts, wire

TAG = "crm.testing.bell-rang.v1"


def kept() -> Iterator[tuple[str, Path]]:
    for folder in sorted(SCHEMAS.iterdir()):
        for path in revisions(folder):
            yield folder.name, path


KEPT = list(kept())
every_revision = pytest.mark.parametrize(
    ("fact_type", "path"), KEPT, ids=[f"{fact_type}-{path.name[:-12]}" for fact_type, path in KEPT]
)


def read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def example(path: Path) -> Path:
    return path.with_name(path.name.replace(".schema.", ".example."))


def unseal(opened: bytes | None, _: str) -> bytes | None:
    return opened


def test_every_type_is_kept_and_none_is_forgotten() -> None:
    declared = {each for each, cls in catalogue.BY_TYPE.items() if cls.__module__.startswith("crm.events.")}
    types = {fact_type for fact_type, _ in KEPT}
    assert declared <= types, "run `make generate`"
    assert {upcasts.current_type(each) for each in types} <= declared, "a type is gone, and no upcast reads it"


@every_revision
def test_every_revision_is_compatible_with_every_later_one(fact_type: str, path: Path) -> None:
    of_type = [other for each, other in KEPT if each == fact_type]
    later = [read(other) for other in of_type[of_type.index(path) :]]
    declared = catalogue.BY_TYPE.get(fact_type)  # None: of an old version only what was kept is left
    for schema in [*later, *([schema_of(declared)] if declared else [])]:
        assert changes(read(path), schema) == []


@every_revision
def test_every_kept_example_is_still_read(fact_type: str, path: Path) -> None:
    schema, value = read(path), read(example(path))
    assert validator_for(schema, validate_formats=True).is_valid(value)
    sealed = sealed_schema(schema)
    for personal in (json.dumps(example_of(sealed)).encode() if sealed else b"", None):
        fact = wire.decode(fact_type, json.dumps(value).encode(), partial(unseal, personal))
        assert type(fact) is catalogue.BY_TYPE[upcasts.current_type(fact_type)]
        assert not isinstance(fact, UnknownFact)


PersonalNote: TypeAlias = Personal[str | None]


class Bell(Struct, frozen=True):
    tone: str
    weight_kg: int | None = None


class BellRang(Fact, frozen=True, tag=TAG):
    """What the changes below start from."""

    summary = "{by} rang"
    by: Personal[str]
    bell: Bell
    door: UUID
    how: Literal["once", "twice"]
    why: Personal[str | None] = None
    floor: Annotated[int, Meta(ge=0)] = 0
    note: str | None = None
    bells: list[Bell] = []


class HeavyBell(Struct, frozen=True):
    tone: str
    weight_kg: int


class LightBell(Struct, frozen=True):
    tone: str


class PaintedBell(Struct, frozen=True):
    tone: str
    weight_kg: int | None = None
    colour: str | None = None


def changed(**fields: Any) -> dict[str, Any]:
    """The schema of the same type with some fields otherwise: (type, default), or None for one that is gone."""
    defaults = zip(reversed(BellRang.__struct_fields__), reversed(BellRang.__struct_defaults__), strict=False)
    default = {name: (value,) for name, value in defaults}
    hints = get_type_hints(BellRang, include_extras=True)
    declared = {name: (hints[name], *default.get(name, ())) for name in BellRang.__struct_fields__} | fields
    members = [(name, *each) for name, each in declared.items() if each is not None]
    namespace = {"summary": BellRang.summary}
    struct = msgspec.defstruct(
        "BellRang", members, bases=(Fact,), namespace=namespace, frozen=True, tag=TAG, kw_only=True
    )
    return schema_of(cast(type[Fact], struct))


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"bell": None}, id="a field is gone"),
        pytest.param({"note": None}, id="an optional field is gone"),
        pytest.param({"new": (str,)}, id="a new field is required"),
        pytest.param({"note": (str | None,)}, id="an optional field is required"),
        pytest.param({"door": (UUID, UUID(int=0))}, id="a required field is optional"),
        pytest.param({"floor": (str, "0")}, id="another type"),
        pytest.param({"floor": (Annotated[int, Meta(ge=0)], 1)}, id="another default"),
        pytest.param({"floor": (Annotated[int, Meta(ge=1)], 0)}, id="narrower"),
        pytest.param({"floor": (int, 0)}, id="wider"),
        pytest.param({"door": (str,)}, id="another format"),
        pytest.param({"note": (str, "")}, id="may no longer be none"),
        pytest.param({"bell": (Bell | None,)}, id="may be none"),
        pytest.param({"bell": (HeavyBell,)}, id="another part"),
        pytest.param({"bell": (list[Bell],)}, id="several instead of one"),
        pytest.param({"bell": (LightBell,)}, id="a part has lost an optional field"),
        pytest.param({"bells": (list[LightBell], [])}, id="a part in a list has lost an optional field"),
        pytest.param({"how": (Literal["once"],)}, id="a choice is gone"),
        pytest.param({"how": (Literal["once", "twice", "thrice"],)}, id="a choice that old readers do not know"),
        pytest.param({"by": (Personal[list[str]],)}, id="another personal type"),
        pytest.param({"by": None}, id="a personal field is gone"),
        pytest.param({"why": None}, id="an optional personal field is gone"),
        pytest.param({"by": (str,)}, id="no longer personal"),
        pytest.param({"why": (str | None, None)}, id="an optional field no longer personal"),
        pytest.param({"note": (PersonalNote, None)}, id="now personal"),
        pytest.param({"whom": (Personal[str],)}, id="a new personal field is required"),
    ],
)
def test_the_gate_bites(fields: dict[str, Any]) -> None:
    old, new = schema_of(BellRang), changed(**fields)
    found = changes(old, new)
    assert found
    assert set(" ".join(found).split("`")) & set(fields), found  # it says which field


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"new": (str | None, None)}, id="a new optional field"),
        pytest.param({"new": (PersonalNote, None)}, id="a new optional personal field"),
        pytest.param({"bell": (PaintedBell,)}, id="a part has a new optional field"),
        pytest.param({"bells": (list[PaintedBell], [])}, id="a part in a list has a new optional field"),
    ],
)
def test_what_the_gate_lets_through(fields: dict[str, Any]) -> None:
    assert changes(schema_of(BellRang), changed(**fields)) == []


def test_a_fact_that_told_nothing_personal_may_begin_to() -> None:
    class Rang(Fact, frozen=True, tag=TAG):
        summary = "Rang"

    class RangBySomebody(Fact, frozen=True, tag=TAG):
        summary = "Rang"
        by: Personal[str | None] = None

    assert is_compatible(schema_of(Rang), schema_of(RangBySomebody))


def test_other_words_make_no_revision() -> None:
    class Rang(Fact, frozen=True, tag=TAG):
        summary = "Rang"

    class RangToo(Fact, frozen=True, tag=TAG):
        """Told at more length."""

        summary = "It rang"
        loud: bool = False

    told = schema_of(Rang) | {"description": "Told otherwise."}
    assert is_same(schema_of(Rang), told)
    assert not is_same(schema_of(Rang), schema_of(RangToo))
