"""What requests about imports are made of, and what answers say of one."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, TypeAdapter, ValidationError

from crm.chassis.auth import Agent, allowed
from crm.chassis.database import Database
from crm.chassis.decider import Rejected
from crm.chassis.keys import Keys
from crm.contacts.api.within import WithinAll
from crm.contacts.import_job import ImportStatus
from crm.contacts.importing.columns import is_kept
from crm.contacts.importing.dialect import rows_of
from crm.contacts.importing.job import Job
from crm.contacts.importing.spool import chunks
from crm.events.imports import OnMatch, RowKind

CanImport: TypeAlias = Annotated[Agent, allowed("contacts:import", WithinAll)]
CanFollowImports: TypeAlias = Annotated[Agent, allowed("contacts:read", WithinAll)]
"""Rows of imports are about whomever they met."""
KeyText = Annotated[str, StringConstraints(pattern=r"^(any|none|email|phone|external_id:[A-Za-z0-9._-]{1,60})$")]
FieldText = Annotated[str, StringConstraints(min_length=1, max_length=100)]


_mapping = TypeAdapter(dict[str, str])


class MapColumns(BaseModel, extra="forbid"):
    """Which header fills which field, how rows are matched, and what happens then. What is left out is recognised."""

    mapping: dict[FieldText, FieldText] | None = Field(None, max_length=500)
    template: str | None = Field(None, min_length=1, max_length=100)
    kind: RowKind | None = None
    key: KeyText | None = None
    on_match: OnMatch | None = None


class SaveTemplate(BaseModel, extra="forbid"):
    """`mapping`: which header fills which field."""

    kind: RowKind = "people"
    mapping: dict[FieldText, FieldText] = Field(min_length=1, max_length=500)
    key: KeyText = "any"
    on_match: OnMatch = "skip"


class ColumnAnswer(BaseModel):
    """A column of the file, from 0; `kept` is False where nothing is recorded of it yet."""

    place: int
    header: str | None
    field: str
    kept: bool


class ImportAnswer(BaseModel):
    """How far an import is. `rows` are those worked off; `line` is where in the file that was. Times are UTC.

    Headers are shown as long as the file waits; `rejected` counts the rows in conflict too, `accounts` those that rows
    of people made, and `affiliated` the rows that changed where somebody works.
    """

    id: UUID
    status: ImportStatus | Literal["rehearsing"]
    format: str
    source: str
    kind: str
    key: str
    on_match: str
    columns: list[ColumnAnswer]
    size_bytes: int
    done_bytes: int
    line: int
    rows: int
    registered: int
    updated: int
    matched: int
    rejected: int
    conflicts: int
    accounts: int
    affiliated: int
    undone: int
    kept: int
    rejected_file: str | None
    """Where the rejected rows can be fetched, to be corrected and imported again."""
    error: str | None
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: Job, db: Database, keys: Keys) -> "ImportAnswer":
        header = header_of(job, db, keys)
        columns = [
            ColumnAnswer(
                place=int(place),
                header=header[int(place)] if int(place) < len(header) else None,
                field=field,
                kept=is_kept(field, job.columns.values()),
            )
            for place, field in sorted(job.columns.items(), key=lambda each: int(each[0]))
        ]
        counts = {name: getattr(job, name) for name in cls.model_fields if hasattr(job, name) and name != "columns"}
        ending = "vcf" if job.format == "vcard" else "csv"
        return cls(
            **counts,
            id=job.import_id,
            status=job.state,  # type: ignore[arg-type]  # the table takes no other
            columns=columns,
            rows=job.registered + job.updated + job.matched + job.rejected,
            rejected_file=f"/imports/{job.import_id}/rejected.{ending}" if job.rejected_upload else None,
        )


def header_of(job: Job, db: Database, keys: Keys) -> Sequence[str]:
    """The titles of a file's columns, as long as it is there."""
    if job.format == "vcard" or job.finished_at is not None:
        return ()
    try:
        return next(rows_of(chunks(db, keys, job.upload_id), job.layout.dialect), (0, []))[1]
    except Rejected:
        return ()


def mapping_of(text: str | None) -> dict[str, str] | None:
    """A mapping from headers to fields. Raises `Rejected`."""
    if text is None or not text.strip():
        return None
    try:
        return _mapping.validate_json(text)
    except ValidationError:
        raise Rejected('Give the mapping as JSON, such as {"E-Mail": "email"}.', field="mapping") from None
