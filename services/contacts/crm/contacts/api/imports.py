"""Imports: a file comes in, rows become contacts, and a report says what became of each."""

import json
from datetime import datetime
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal
from uuid import UUID, uuid5

from fastapi import File, Form, UploadFile
from psycopg.types.json import Jsonb
from pydantic import BaseModel

from crm.chassis.auth import Agent, allowed
from crm.chassis.decider import Rejected, Unknown
from crm.chassis.http import (
    Created,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Tables,
    Versioned,
    invalid,
    reads,
)
from crm.chassis.keys import Keys
from crm.contacts import import_report
from crm.contacts.api.bodies import CanReadContacts
from crm.contacts.import_job import imports, start
from crm.contacts.importing.columns import match_columns
from crm.contacts.importing.dialect import BLOCK, Dialect, dialect_of, rows_of
from crm.contacts.importing.spool import digest, discard, spool
from crm.events.imports import ImportStarted

LARGEST_FILE = 500_000_000
_FILES = UUID("b1a2f8b0-9f3d-4f7e-8a55-2f0b7c4b6c11")

router = Router(prefix="/imports", tags=["imports"])

CanImport = Annotated[Agent, allowed("contacts:import")]

_TAKE_IN = """
    INSERT INTO imports (import_id, upload_id, actor, encoding, delimiter, quote, columns, size_bytes)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_SHOW = """
    SELECT state, size_bytes, done_bytes, line, registered, matched, rejected, error, started_at, finished_at
    FROM imports WHERE import_id = %s
"""


class ImportAnswer(BaseModel):
    """How far an import is. `rows` are those worked off; `line` is where in the file that was. Times are UTC."""

    id: UUID
    status: Literal["running", "completed", "failed"]
    size_bytes: int
    done_bytes: int
    line: int
    rows: int
    registered: int
    matched: int
    rejected: int
    error: str | None
    started_at: datetime
    finished_at: datetime | None


@router.post("", max_body_size=LARGEST_FILE)
def post_import(
    file: Annotated[UploadFile, File(description="CSV in any dialect and encoding; the first row names the columns.")],
    log: Log,
    streams: Streams,
    db: Tables,
    agent: CanImport,
    mapping: Annotated[str | None, Form(description="JSON: which header fills which field.")] = None,
) -> Created:
    """Takes a file in; it is worked off in the background. The same file with the same mapping is the same import."""
    started, import_id, dialect = _examined(file.file, mapping, streams.keys)
    upload_id = spool(db, streams.keys, file.file)
    written = log.execute(imports, import_id, partial(start, started=started))
    with db.connection() as connection:
        taken = connection.execute(
            _TAKE_IN,
            (
                *(import_id, upload_id, agent.actor, dialect.encoding, dialect.delimiter, dialect.quote),
                *(Jsonb(started.columns), started.size_bytes),
            ),
        )
    if taken.rowcount == 0:
        discard(db, streams.keys, upload_id)
    return Created(written, "/imports/{id}")


@router.get("/{import_id}")
def get_import(import_id: UUID, streams: Streams, db: Tables, agent: CanReadContacts) -> Versioned[ImportAnswer]:
    """How far an import is."""
    with db.connection() as connection:
        row = connection.execute(_SHOW, (import_id,)).fetchone()
    if row is None:
        raise Unknown("There is no such import.")
    folded = streams.get(imports, import_id)
    status, size, done, line, registered, matched, rejected, error, started_at, finished_at = row
    answer = ImportAnswer(
        id=import_id,
        status=status,
        size_bytes=size,
        done_bytes=done,
        line=line,
        rows=registered + matched + rejected,
        registered=registered,
        matched=matched,
        rejected=rejected,
        error=error,
        started_at=started_at,
        finished_at=finished_at,
    )
    return Versioned(answer, folded.version, folded.token)


@router.get("/{import_id}/rows", dependencies=[reads(import_report.import_report)])
def get_rows(
    import_id: UUID, page: PageQuery, db: ReadModel, streams: Streams, agent: CanReadContacts
) -> Page[import_report.RowReport]:
    """The rows that made no contact: rejected, with field and reason, or about somebody known already."""
    streams.get(imports, import_id)
    return import_report.find(db, import_id, page)


def _examined(file: BinaryIO, mapping: str | None, keys: Keys) -> tuple[ImportStarted, UUID, Dialect]:
    try:
        dialect = dialect_of(file)
        file.seek(0)
        _, header = next(rows_of(iter(lambda: file.read(BLOCK), b""), dialect))
        columns = match_columns(header, _mapping(mapping))
    except Rejected as refusal:
        raise invalid(refusal.field or "file", "body", refusal.sentence) from refusal
    size = file.seek(0, 2)
    content_hash = keys.keyed_hash(digest(file) + json.dumps(columns, sort_keys=True).encode()).hex()
    started = ImportStarted(
        content_hash=content_hash,
        size_bytes=size,
        encoding=dialect.encoding,
        delimiter=dialect.delimiter,
        columns=columns,
    )
    return started, uuid5(_FILES, content_hash), dialect


def _mapping(text: str | None) -> dict[str, str] | None:
    if text is None or not text.strip():
        return None
    try:
        given: Any = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(each, str) for each in given.values()):
        raise Rejected('Give the mapping as JSON, such as {"E-Mail": "email"}.', field="mapping")
    return given
