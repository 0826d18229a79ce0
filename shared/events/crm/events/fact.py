"""What a fact is: an immutable record of something that happened, declared once for store, wire and every reader."""

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, TypeAlias, TypeVar, get_type_hints

from msgspec import Meta, Struct

T = TypeVar("T")

PERSONAL = Meta(extra={"personal": True}, extra_json_schema={"x-personal": True})
Personal: TypeAlias = Annotated[T, PERSONAL]
"""Marks a field that tells something about a person: it travels encrypted and reads as erased after an erasure.

Only at the top level of a fact, and only of type `str`, an optional, or a list.
"""

Moment: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""When something happens in the world: never without its zone."""

Visibility: TypeAlias = Literal["everyone", "private", "hr"]
"""Who may read a fact that has a field `visibility`: everyone, only its author, or only who may read of employees.

The author is in its field `author` if it has one, else its actor.
"""

ERASED = "[erased]"
"""What a required personal text reads as once its subject's key is destroyed."""


class Fact(Struct, frozen=True, tag_field="type"):
    """The base of every fact. A subclass names its CloudEvents type as `tag` and a one-line `summary`."""

    summary: ClassVar[str]


class UnknownFact(Fact, frozen=True, tag="crm.unknown"):
    """A fact of a type that this version of the code does not know yet, kept as it came."""

    summary: ClassVar[str] = "{name}"
    name: str
    value: bytes


def type_of(fact: Fact | type[Fact]) -> str:
    """The CloudEvents type of a fact or of a class of facts, such as `crm.sales.opportunity-won.v1`."""
    if isinstance(fact, UnknownFact):
        return fact.name
    return str(fact.__struct_config__.tag)


def service_of(fact_type: str) -> str:
    """The service that owns a fact type: the second part of its name."""
    return fact_type.split(".", 2)[1]


def summarise(fact: Fact) -> str:
    """One line for people, rendered when read, so that an erased name reads as erased."""
    return type(fact).summary.format_map({name: _readable(getattr(fact, name)) for name in fact.__struct_fields__})


def _readable(value: object) -> object:
    if value is None:
        return "–"
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return value


def personal_fields(fact_class: type[Fact]) -> frozenset[str]:
    """The names of the fields that are encrypted with the subject's key."""
    hints = get_type_hints(fact_class, include_extras=True)
    return frozenset(name for name in fact_class.__struct_fields__ if _is_personal(hints[name]))


def _is_personal(annotation: Any) -> bool:
    if PERSONAL in getattr(annotation, "__metadata__", ()):
        return True
    return any(_is_personal(argument) for argument in getattr(annotation, "__args__", ()))
