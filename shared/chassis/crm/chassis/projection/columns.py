"""Columns: how the fields of a row type are stored, written in bulk, read back and blanked.

Values are encoded in PostgreSQL's binary form: one form serves the arrays of bulk upserts and `COPY` (see `packing`).
"""

import types
from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import reduce
from operator import or_
from struct import Struct as Layout
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
import psycopg
from psycopg.adapt import PyFormat

from crm.chassis import packing
from crm.chassis.packing import NULL, Encode, array, length, nullable, text
from crm.events.fact import ERASED, PERSONAL

SUBJECT = msgspec.Meta(extra={"subject": True})
Subject: TypeAlias = Annotated[UUID, SUBJECT]
"""Marks the column (or the elements of a tuple column) that names a person whose erasure blanks the row."""


class Words(frozenset[str]):
    """The words of a text, to be searched: a column of type `tsvector`, without positions.

    What a word is (case, accents) is for whoever makes them; none holds a NUL or more than 500 characters.
    """


Decode: TypeAlias = Callable[[Any], Any]

_float8 = Layout("!id").pack
_int4 = Layout("!ii").pack
_DAY_ZERO = date(2000, 1, 1).toordinal()
_numeric = psycopg.adapters.get_dumper(Decimal, PyFormat.BINARY)(Decimal, None)


@dataclass(frozen=True)
class Kind:
    """A PostgreSQL type: its name, the id (oid) of one element, and how a value becomes its length and bytes."""

    sql: str
    oid: int
    encode: Encode
    decode: Decode | None = None
    blank: str | None = None
    nested: bool = False
    """An array: inside the arrays of a bulk write it travels as text."""


@dataclass(frozen=True)
class Column:
    """One field of a row type."""

    name: str
    kind: Kind
    annotation: Any
    optional: bool
    personal: bool
    subject: bool

    @property
    def definition(self) -> str:
        return f'"{self.name}" {self.kind.sql}{"" if self.optional else " NOT NULL"}'

    @property
    def blank(self) -> str | None:
        """What an erasure writes here, as text that the column's type reads; None is NULL."""
        return None if self.optional else self.kind.blank

    def encode(self) -> Encode:
        """Encodes one value with its length before it, None as NULL where the field is optional."""
        encode = self.kind.encode
        return nullable(encode) if self.optional else encode


def columns_of(row: type[Any]) -> tuple[Column, ...]:
    """The columns of a frozen dataclass. Raises `TypeError` naming the field that cannot be stored or blanked."""
    if not is_dataclass(row):
        raise TypeError(f"{row.__name__} is no dataclass")
    hints = get_type_hints(row, include_extras=True)
    return tuple(_column(row, field.name, hints[field.name]) for field in fields(row))


def _column(row: type[Any], name: str, annotation: Any) -> Column:
    marks = _marks(annotation)
    plain, optional = _without_none(_plain(annotation))
    try:
        column = Column(name, _kind(plain), annotation, optional, PERSONAL in marks, SUBJECT in marks)
    except TypeError as error:
        raise TypeError(f"{row.__name__}.{name}: {error}") from error
    if column.personal and not optional and column.kind.blank is None:
        raise TypeError(f"{row.__name__}.{name} is personal: make it optional, text, or a list, so it can be blanked")
    return column


def _marks(annotation: Any) -> list[Any]:
    found = list(getattr(annotation, "__metadata__", ()))
    for argument in get_args(annotation):
        found += _marks(argument)
    return found


def _plain(annotation: Any) -> Any:
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):
            annotation = annotation.__supertype__
        else:
            return annotation


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation, False
    others = [each for each in get_args(annotation) if each is not type(None)]
    if len(others) == len(get_args(annotation)):
        return annotation, False
    return (_plain(others[0]) if len(others) == 1 else reduce(or_, others)), True


def _number(value: Decimal) -> bytes:
    encoded = bytes(_numeric.dump(value) or b"")
    return length(len(encoded)) + encoded


def _words(value: Words) -> bytes:
    lexemes = "\0\0\0".join([*value, ""]).encode()  # each ends with NUL; it has no positions
    return length(4 + len(lexemes)) + length(len(value)) + lexemes


def _read_words(value: bytes) -> Words:
    return Words(word.decode() for word in value[4:].split(b"\0\0\0")[:-1])


def _json(value: Any) -> bytes:
    encoded = b"\x01" + _to_json(value)
    return length(len(encoded)) + encoded


_to_json = msgspec.json.Encoder(decimal_format="string").encode

TEXT = Kind("text", packing.TEXTS, packing.text, blank=ERASED)
KINDS: dict[Any, Kind] = {
    str: TEXT,
    UUID: Kind("uuid", packing.UUIDS, packing.uuid),
    bool: Kind("boolean", 16, lambda value: b"\0\0\0\x01\x01" if value else b"\0\0\0\x01\0"),
    int: Kind("bigint", packing.BIGINTS, packing.bigint),
    float: Kind("double precision", 701, lambda value: _float8(8, value)),
    Decimal: Kind("numeric", 1700, _number),
    datetime: Kind("timestamptz", packing.MOMENTS, packing.moment),
    date: Kind("date", 1082, lambda value: _int4(4, value.toordinal() - _DAY_ZERO)),
    bytes: Kind("bytea", packing.BYTES, packing.content),
    Words: Kind("tsvector", 3614, _words, _read_words, blank=""),
}


def _kind(annotation: Any) -> Kind:
    if annotation in KINDS:
        return KINDS[annotation]
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        values = KINDS[type(next(iter(annotation)).value)]
        return Kind(values.sql, values.oid, lambda value: values.encode(value.value), annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return KINDS[type(get_args(annotation)[0])]
    if origin in (list, tuple, frozenset):
        return _many(annotation, origin)
    return _document(annotation, "{}" if origin is dict or annotation is dict else None)


def _many(annotation: Any, origin: type[Any]) -> Kind:
    arguments = get_args(annotation)
    if origin is tuple and arguments[1:] != (Ellipsis,):
        return _document(annotation, "[]")
    element = _kind(_plain(arguments[0]))
    if element.sql not in ("text", "uuid", "bigint") or element.nested:
        return _document(annotation, "[]")
    encode_one, decode_one = element.encode, element.decode

    def encode(values: Any) -> bytes:
        encoded = array(element.oid, [encode_one(each) for each in values])
        return length(len(encoded)) + encoded

    def decode(values: Any) -> Any:
        return origin(map(decode_one, values) if decode_one else values)

    return Kind(f"{element.sql}[]", element.oid, encode, decode, blank="{}", nested=True)


def _document(annotation: Any, blank: str | None) -> Kind:
    try:
        decoder = msgspec.json.Decoder(annotation)
    except TypeError as error:
        raise TypeError(f"{annotation} cannot be stored in a column") from error
    return Kind("jsonb", 3802, _json, decoder.decode, blank)


def as_text(column: Column) -> Encode:
    """How a value of an array column travels inside the arrays of a bulk write: as the text of an array."""

    def encode(values: Any) -> bytes:
        if values is None:
            return NULL
        return text("{" + ",".join(map(_quoted, values)) + "}")

    return encode


def _quoted(value: Any) -> str:
    plain = str(value.value if isinstance(value, Enum) else value)
    return '"' + plain.replace("\\", "\\\\").replace('"', '\\"') + '"'
