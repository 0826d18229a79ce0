"""The rows that were not imported, as a file: as they came, with line, field and reason, to be corrected and sent.

It is written when the import ends, from the encrypted file, and waits encrypted too; the rest is discarded.
"""

import codecs
import csv
import io
from collections.abc import Iterable, Iterator
from typing import TypeVar
from uuid import UUID, uuid5

from crm.chassis.decider import Rejected
from crm.chassis.runtime import Runtime
from crm.contacts.importing.cards import cards_of
from crm.contacts.importing.dialect import lines_of, rows_of
from crm.contacts.importing.job import Job
from crm.contacts.importing.journal import Line
from crm.contacts.importing.spool import CHUNK, Gone, chunks, keep

T = TypeVar("T")

ADDED = ("import_line", "import_field", "import_reason")
"""The columns behind the file's own; a file that is sent again has them already, and they are replaced."""


def keep_rejected(runtime: Runtime, job: Job, lines: Iterable[Line]) -> None:
    """Writes the rejected rows down. Done again after a kill, it comes to the same."""
    upload_id = uuid5(job.import_id, "rejected")
    blocks = chunks(runtime.database, runtime.keys, job.upload_id, job.size_bytes)
    try:
        keep(runtime.database, runtime.keys, upload_id, rejected_in(blocks, job, lines))
    except (Gone, Rejected):
        return  # it was written by an earlier life, or the file cannot be read
    _note(runtime, job.import_id, upload_id)


def rejected_in(blocks: Iterable[bytes], job: Job, lines: Iterable[Line]) -> Iterator[bytes]:
    """The file of rejected rows, in the encoding and dialect of the original. Memory holds a few rows."""
    texts = _cards(blocks, job, lines) if job.format == "vcard" else _rows(blocks, job, lines)
    encoder = codecs.getincrementalencoder(job.encoding)(errors="replace")
    gathered = b""
    for text in texts:
        gathered += encoder.encode(text)
        if len(gathered) >= CHUNK:
            yield gathered
            gathered = b""
    if gathered:
        yield gathered


def _rows(blocks: Iterable[bytes], job: Job, lines: Iterable[Line]) -> Iterator[str]:
    rows = rows_of(blocks, job.layout.dialect)
    _, header = next(rows)
    own = [place for place, title in enumerate(header) if title not in ADDED]
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=job.delimiter, quotechar=job.quote)
    writer.writerow([*(header[place] for place in own), *ADDED])
    for row, line in _matched(rows, lines):
        cells = [row[place] if place < len(row) else "" for place in own]
        writer.writerow([*cells, line.line, line.field or "", line.reason or ""])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue()


def _cards(blocks: Iterable[bytes], job: Job, lines: Iterable[Line]) -> Iterator[str]:
    for card, line in _matched(cards_of(lines_of(blocks, job.encoding)), lines):
        body = [each for each in card.splitlines(keepends=True) if not each.upper().startswith("X-IMPORT-")]
        added = f"X-IMPORT-LINE:{line.line}\r\nX-IMPORT-FIELD:{line.field or ''}\r\nX-IMPORT-REASON:{line.reason}\r\n"
        yield "".join([*body[:-1], added, body[-1]]).rstrip() + "\r\n"


def _matched(rows: Iterable[tuple[int, T]], lines: Iterable[Line]) -> Iterator[tuple[T, Line]]:
    """The rows that some lines are about, both in the order of the file."""
    wanted = iter(lines)
    line = next(wanted, None)
    for number, row in rows:
        if line is None:
            return
        if number == line.line:
            yield row, line
            line = next(wanted, None)


def _note(runtime: Runtime, import_id: UUID, upload_id: UUID) -> None:
    with runtime.database.connection() as connection:
        connection.execute("UPDATE imports SET rejected_upload = %s WHERE import_id = %s", (upload_id, import_id))
