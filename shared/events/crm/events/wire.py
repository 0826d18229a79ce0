"""Facts as JSON, with the personal part sealed. One form for the store and for Kafka."""

from collections.abc import Callable
from functools import cache
from typing import Any, get_origin, get_type_hints

import msgspec

from crm.events import catalogue, upcasts
from crm.events.envelope import Envelope, Recorded, Sealed
from crm.events.fact import ERASED, Fact, UnknownFact, personal_fields, type_of

Seal = Callable[[bytes], str]
"""Encrypts the JSON of the personal fields into a compact JWE."""

Unseal = Callable[[str], bytes | None]
"""Decrypts a compact JWE; None when the subject's key is destroyed."""

_encoder = msgspec.json.Encoder(decimal_format="string")
_plain = msgspec.json.Decoder(dict[str, Any])
_ENVELOPE = Envelope.__struct_fields__


def encode(fact: Fact, seal: Seal) -> bytes:
    """The JSON of a fact; its personal fields are moved into one sealed member `personal`."""
    shape = _shape(type(fact))
    if not shape.personal:
        return _encoder.encode(fact)
    members: dict[str, Any] = {"type": type_of(fact)}
    members |= {name: getattr(fact, name) for name in shape.clear}
    members["personal"] = seal(_encoder.encode({name: getattr(fact, name) for name in shape.personal}))
    return _encoder.encode(members)


def decode(fact_type: str, value: bytes, unseal: Unseal) -> Fact:
    """A fact from its JSON, upcast to the newest version of its type. A type that is not known here is kept as it came.

    Raises `msgspec.ValidationError` if the JSON does not fit the type.
    """
    current = upcasts.current_type(fact_type)
    fact_class = catalogue.BY_TYPE.get(current)
    if fact_class is None:
        return UnknownFact(name=fact_type, value=value)
    shape = _shape(fact_class)
    if not shape.personal and current == fact_type:
        return shape.decode(value)
    members = _plain.decode(value)
    sealed = members.pop("personal", None)
    opened = unseal(sealed) if sealed is not None else None
    if opened is not None:
        members |= _plain.decode(opened)
    members = upcasts.upcast(fact_type, members)
    if sealed is not None and opened is None:
        members |= shape.erased  # last: an upcast must not make something of what is gone
    members["type"] = current
    return msgspec.convert(members, fact_class)


def open_fact(sealed: Sealed, unseal: Unseal) -> Recorded[Fact]:
    """Opens a stored or received fact."""
    envelope = {name: getattr(sealed, name) for name in _ENVELOPE}
    return Recorded(fact=decode(sealed.type, sealed.value, unseal), type=sealed.type, **envelope)


class _Shape:
    """What encoding needs to know of a class of facts, worked out once."""

    def __init__(self, fact_class: type[Fact]) -> None:
        personal = personal_fields(fact_class)
        self.personal = tuple(name for name in fact_class.__struct_fields__ if name in personal)
        self.clear = tuple(name for name in fact_class.__struct_fields__ if name not in personal)
        hints = get_type_hints(fact_class)
        self.erased = {name: _erased(hints[name]) for name in self.personal}
        self.decode: Callable[[bytes], Fact] = msgspec.json.Decoder(fact_class).decode


@cache
def _shape(fact_class: type[Fact]) -> _Shape:
    return _Shape(fact_class)


def _erased(annotation: Any) -> str | list[object] | None:
    if get_origin(annotation) in (list, tuple):
        return []
    return ERASED if annotation is str else None
