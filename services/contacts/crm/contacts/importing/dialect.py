"""What kind of file it is: its encoding, its delimiter, its quotes."""

import codecs
import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import charset_normalizer
import clevercsv

from crm.chassis.decider import Rejected

SAMPLE_CHARACTERS = 10_000
"""Looking at more of a file takes long and tells nothing new."""
SAMPLE_BYTES = 256_000
BLOCK = 262_144
LONGEST_FIELD = 100_000
LONGEST_LINE = 4_000_000

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Dialect:
    """How the text of a file becomes rows."""

    encoding: str
    delimiter: str
    quote: str


def encoding_of(file: BinaryIO) -> str:
    """The encoding of a file: as its mark says, else UTF-8 if all of it is, else the most probable one.

    Reads the file to its end, in blocks. Raises `Rejected` if it is no text.
    """
    file.seek(0)
    first = file.read(4)
    for mark, encoding in _MARKS:
        if first.startswith(mark):
            return encoding
    if _is_utf8(file):
        return "utf-8"
    telling = _telling_lines(file)
    best = charset_normalizer.from_bytes(telling).best()
    if best is None or b"\0" in telling:
        raise Rejected("This file is no text. Save it as CSV, in UTF-8.", field="file")
    return best.encoding


def _is_utf8(file: BinaryIO) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _telling_lines(file: BinaryIO) -> bytes:
    """Lines that are not plain ASCII: all others look the same in most encodings."""
    file.seek(0)
    found: list[bytes] = []
    while (block := file.read(BLOCK)) and sum(map(len, found)) < SAMPLE_BYTES:
        found += [line for line in block.splitlines() if not line.isascii()]
    return b"\n".join(found)[:SAMPLE_BYTES]


def dialect_of(file: BinaryIO, encoding: str) -> Dialect:
    """The dialect of a file. Raises `Rejected` if it is empty."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    sample = decoder.decode(file.read(SAMPLE_CHARACTERS * 2))[:SAMPLE_CHARACTERS]
    if not sample.strip():
        raise Rejected("This file is empty.", field="file")
    whole_lines = sample[: sample.rfind("\n") + 1] or sample
    found = clevercsv.Sniffer().sniff(whole_lines, delimiters=[",", ";", "\t", "|"])
    if found is None or not found.delimiter:
        return Dialect(encoding, ",", '"')  # one column
    return Dialect(encoding, found.delimiter, found.quotechar or '"')


def rows_of(blocks: Iterable[bytes], dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """The rows of a file with the number of the line each begins on; empty rows are passed over.

    Memory holds one block and one row. Raises `Rejected` naming the line if the text cannot be read.
    """
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(lines_of(blocks, dialect.encoding), delimiter=dialect.delimiter, quotechar=dialect.quote)
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, UnicodeDecodeError) as error:
            raise Rejected(f"The file cannot be read from line {line} on: is it damaged?", field="file") from error
        if any(map(str.strip, row)):
            yield line, row
        line = reader.line_num + 1


def lines_of(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """The lines of a text with their ends. Memory holds one block. Raises `UnicodeDecodeError`."""
    decoder, rest = codecs.getincrementaldecoder(encoding)(), ""
    for block in blocks:
        lines = (rest + decoder.decode(block)).splitlines(keepends=True)
        rest = lines.pop() if lines else ""  # it may go on in the next block
        if len(rest) > LONGEST_LINE:
            raise Rejected("A line of this file is too long to be one of a table.", field="file")
        yield from lines
    rest += decoder.decode(b"", final=True)
    if rest:
        yield rest
