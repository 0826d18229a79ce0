"""Imports step by step: mapping, dry run, start, cancel, revert; and the file of rejected rows."""

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from starlette.responses import StreamingResponse

from crm.chassis.database import Database
from crm.chassis.decider import Rejected, Unknown
from crm.chassis.http import IfMatch, Log, Page, PageQuery, Router, Streams, Tables, Written, invalid
from crm.chassis.log import EventLog
from crm.contacts.api.import_bodies import CanFollowImports, CanImport, MapColumns, header_of
from crm.contacts.import_job import cancel, imports, map_columns, rehearsable, request_revert, start
from crm.contacts.import_template import import_templates, template_stream
from crm.contacts.importing import job as jobs
from crm.contacts.importing.columns import check_enough, given
from crm.contacts.importing.deciding import Upsert
from crm.contacts.importing.job import Job
from crm.contacts.importing.journal import Journal, Line
from crm.contacts.importing.sources import columns_of
from crm.contacts.importing.spool import chunks, discard
from crm.events.imports import ImportMapped, ImportStarted

router = Router(prefix="/imports/{import_id}", tags=["imports"])

_WAITING = ("mapped", "dry_run", "rehearsing")
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, "text/vcard": {}}}}


@router.post("/mapping")
def post_mapping(
    import_id: UUID, body: MapColumns, log: Log, streams: Streams, db: Tables, agent: CanImport, expected: IfMatch
) -> Written:
    """Says what the columns of a waiting file mean, and how its rows meet people who are known."""
    job = _job(db, import_id)
    try:
        mapped = _mapped(job, body, db, streams)
    except Rejected as refusal:
        raise invalid(refusal.field or "mapping", "body", refusal.sentence) from refusal
    written = log.execute(imports, import_id, partial(map_columns, mapped=mapped), expected)
    jobs.map_columns(db, import_id, mapped.columns, mapped.kind, Upsert(mapped.key, mapped.on_match))
    return written


@router.post("/dry-run")
def post_dry_run(import_id: UUID, log: Log, db: Tables, agent: CanImport, expected: IfMatch) -> Written:
    """Begins to find out what each row would do. Nothing is changed; `GET` lists it once the status is `dry_run`."""
    written = log.execute(imports, import_id, rehearsable, expected)
    jobs.begin(db, import_id, "rehearsing", after=_WAITING)
    return written


@router.get("/dry-run")
def get_dry_run(
    import_id: UUID,
    page: PageQuery,
    db: Tables,
    streams: Streams,
    agent: CanFollowImports,
    outcome: Annotated[
        Literal["create", "update", "unchanged", "known", "duplicate", "conflict", "unusable"] | None,
        Query(description="Only these."),
    ] = None,
) -> Page[Line]:
    """What each row would do, by line: the same decisions as those of the run."""
    return Journal(db, streams.keys, _job(db, import_id), "dry_run").page(page, outcome)


@router.post("/start")
def post_start(import_id: UUID, log: Log, db: Tables, agent: CanImport, expected: IfMatch) -> Written:
    """Starts an import that waits."""
    job = _job(db, import_id)
    fact = ImportStarted(
        content_hash=job.content_hash or "",
        size_bytes=job.size_bytes,
        encoding=job.encoding,
        delimiter=job.delimiter,
        columns=job.columns,
        kind=job.kind,
        format=job.format,
        source=job.source,
        key=job.key,
        on_match=job.on_match,
    )
    written = log.execute(imports, import_id, partial(start, started=fact), expected)
    jobs.begin(db, import_id, "running", after=_WAITING)
    return written


@router.post("/cancel")
def post_cancel(
    import_id: UUID, log: Log, streams: Streams, db: Tables, agent: CanImport, expected: IfMatch
) -> Written:
    """Stops an import; what it has imported stays, and can be reverted. The file is discarded."""
    job = _job(db, import_id)
    written = log.execute(imports, import_id, cancel, expected)
    jobs.end_now(db, import_id, "cancelled")
    discard(db, streams.keys, job.upload_id)
    return written


@router.post("/revert")
def post_revert(import_id: UUID, log: Log, db: Tables, agent: CanImport, expected: IfMatch) -> Written:
    """Begins to take back the rows that nobody has touched since; `GET …/rows` lists the others with the reason."""
    _job(db, import_id)
    written = log.execute(imports, import_id, request_revert, expected)
    jobs.begin(db, import_id, "reverting", after=("completed", "completed_with_errors", "failed", "cancelled"))
    return written


@router.get("/rejected.csv", responses=_FILE, response_class=StreamingResponse)
def get_rejected_csv(import_id: UUID, db: Tables, streams: Streams, agent: CanImport) -> StreamingResponse:
    """The rows of a table that were not imported, as they came, with line, field and reason: correct and import it."""
    return _rejected(import_id, db, streams, "csv", lambda job: f"text/csv; charset={job.encoding}")


@router.get("/rejected.vcf", responses=_FILE, response_class=StreamingResponse)
def get_rejected_vcf(import_id: UUID, db: Tables, streams: Streams, agent: CanImport) -> StreamingResponse:
    """The cards that were not imported, as they came, with line, field and reason."""
    return _rejected(import_id, db, streams, "vcard", lambda job: f"text/vcard; charset={job.encoding}")


@router.delete("/file", status_code=204, responses={409: {"$ref": "#/components/responses/Problem409"}})
def delete_file(import_id: UUID, db: Tables, streams: Streams, agent: CanImport) -> None:
    """Discards the rejected rows for ever, before their time is over."""
    job = _job(db, import_id)
    if job.finished_at is None:
        raise Rejected("This import has not ended. Cancel it instead.")
    if job.rejected_upload is not None:
        discard(db, streams.keys, job.rejected_upload)
        jobs.forget_rejected(db, import_id)


def _job(db: Database, import_id: UUID) -> Job:
    job = jobs.find(db, import_id)
    if job is None:
        raise Unknown("There is no such import.")
    return job


def _mapped(job: Job, body: MapColumns, db: Database, streams: EventLog) -> ImportMapped:
    saved = streams.get(import_templates, template_stream(body.template)).state if body.template else None
    kind = body.kind or (saved.kind if saved else job.kind)
    mapping = body.mapping or (saved.mapping if saved else None)
    columns: dict[str, str] = {}
    if job.format == "csv":
        header = header_of(job, db, streams.keys)
        columns = given(header, mapping, kind) if mapping else dict(columns_of(header, job.source, kind))
        check_enough(columns, kind)
    return ImportMapped(
        kind=kind,
        columns=columns,
        key=body.key or (saved.key if saved else job.key),
        on_match=body.on_match or (saved.on_match if saved else job.on_match),
        template=body.template,
    )


def _rejected(
    import_id: UUID, db: Database, streams: EventLog, form: str, media_type: Callable[[Job], str]
) -> StreamingResponse:
    job = _job(db, import_id)
    if job.rejected_upload is None or job.format != form:
        raise Unknown("This import keeps no file of rejected rows in this format.")
    name = f"rejected-{import_id}.{'vcf' if form == 'vcard' else 'csv'}"
    return StreamingResponse(
        chunks(db, streams.keys, job.rejected_upload),
        media_type=media_type(job),
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
