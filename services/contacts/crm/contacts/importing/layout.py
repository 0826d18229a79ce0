"""How a file is read: its format, its dialect, what its rows are and what its columns mean."""

import codecs
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Literal, TypeAlias

from crm.chassis.decider import Rejected
from crm.contacts.importing import cards
from crm.contacts.importing.columns import check_enough, given, kind_of
from crm.contacts.importing.dialect import BLOCK, SAMPLE_CHARACTERS, Dialect, dialect_of, encoding_of, lines_of, rows_of
from crm.contacts.importing.sources import columns_of, source_of
from crm.contacts.importing.values import Unusable, Values, values_in
from crm.events.imports import RowKind

Format: TypeAlias = Literal["csv", "vcard"]
Entry: TypeAlias = tuple[int, Values | Unusable]
"""The line of a file that something begins on, and what is said there."""


@dataclass(frozen=True)
class Layout:
    """How the bytes of a file become rows. `first` is the line before the first row."""

    format: Format
    dialect: Dialect
    columns: Mapping[str, str]
    first: int


@dataclass(frozen=True)
class Examined:
    """What was recognised of a file."""

    layout: Layout
    source: str
    kind: RowKind
    header: Sequence[str]


def examine(file: BinaryIO, mapping: Mapping[str, str] | None = None, kind: RowKind | None = None) -> Examined:
    """Recognises a file by its content and its header. Raises `Rejected` if it cannot be read."""
    encoding = encoding_of(file)
    if _is_vcard(file, encoding):
        return Examined(Layout("vcard", Dialect(encoding, "", ""), {}, 0), "vcard", "people", ())
    dialect = dialect_of(file, encoding)
    file.seek(0)
    first, header = next(rows_of(_blocks(file), dialect))
    kind = kind or kind_of(header)  # type: ignore[assignment]  # one of the kinds
    source = source_of(header)
    columns = given(header, mapping, kind or "people") if mapping else columns_of(header, source, kind or "people")
    return Examined(Layout("csv", dialect, columns, first), source, kind or "people", header)


def check(examined: Examined) -> None:
    """Raises `Rejected` unless the columns tell enough."""
    if examined.layout.format == "csv":
        check_enough(examined.layout.columns, examined.kind)


def entries_of(blocks: Iterable[bytes], layout: Layout, *, after: int = 0) -> Iterator[Entry]:
    """The rows of a file behind a line. Memory holds one block and one row. Raises `Rejected` for damaged text."""
    after = max(after, layout.first)
    if layout.format == "vcard":
        found = _cards(blocks, layout.dialect.encoding)
        return ((line, cards.values_of(card)) for line, card in found if line > after)
    rows = rows_of(blocks, layout.dialect)
    return ((line, values_in(row, layout.columns)) for line, row in rows if line > after)


def _cards(blocks: Iterable[bytes], encoding: str) -> Iterator[tuple[int, str]]:
    try:
        yield from cards.cards_of(lines_of(blocks, encoding))
    except UnicodeDecodeError as error:
        raise Rejected("The file cannot be read to its end: is it damaged?", field="file") from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    return iter(lambda: file.read(BLOCK), b"")


def _is_vcard(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    beginning = codecs.getincrementaldecoder(encoding)(errors="replace").decode(file.read(SAMPLE_CHARACTERS))
    return cards.BEGIN.match(beginning) is not None
