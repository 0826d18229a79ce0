"""Imports: a file comes in, rows become contacts, and a report says what became of each."""

import json
from functools import partial
from typing import Annotated, Any, BinaryIO, Literal
from uuid import UUID, uuid4, uuid5

from fastapi import File, Form, Query, UploadFile

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
from crm.chassis.log import EventLog
from crm.contacts import import_job, import_report
from crm.contacts.api.import_bodies import CanFollowImports, CanImport, ImportAnswer, KeyText, mapping_of
from crm.contacts.import_job import imports, upload
from crm.contacts.import_template import ImportTemplate, import_templates, template_stream
from crm.contacts.importing import job as jobs
from crm.contacts.importing.deciding import Upsert
from crm.contacts.importing.layout import Examined, check, examine
from crm.contacts.importing.spool import digest, discard, spool
from crm.events.imports import ImportMapped, ImportStarted, ImportUploaded, OnMatch, RowKind

LARGEST_FILE = 500_000_000
_FILES = UUID("b1a2f8b0-9f3d-4f7e-8a55-2f0b7c4b6c11")
_OVER = ("failed", "cancelled", "reverted")
"""A file whose import ended so may be imported again; that is another import."""

router = Router(prefix="/imports", tags=["imports"])

MappingField = Annotated[
    str | None, Form(description='JSON: which header fills which field, such as {"E-Mail": "email"}.')
]
TemplateField = Annotated[str | None, Form(description="The name of a saved mapping.", max_length=100)]
KindField = Annotated[RowKind | None, Form(description="What the rows are; recognised by the header, if left out.")]
KeyField = Annotated[
    KeyText | None, Form(description="What rows are matched by: any, none, email, phone, external_id:SYSTEM.")
]
MatchField = Annotated[OnMatch | None, Form(description="What happens to people who are known already.")]


@router.post("", max_body_size=LARGEST_FILE)
def post_import(
    file: Annotated[UploadFile, File(description="CSV in any dialect and encoding, or vCards (2.1, 3, 4).")],
    log: Log,
    streams: Streams,
    db: Tables,
    agent: CanImport,
    start: Annotated[bool, Query(description="false: the file waits for a mapping, a dry run, and its start.")] = True,
    mapping: MappingField = None,
    mapping_template: TemplateField = None,
    kind: KindField = None,
    key: KeyField = None,
    on_match: MatchField = None,
) -> Created:
    """Takes a file in. It is worked off in the background; the same file with the same mapping is the same import."""
    template = _template(streams, mapping_template)
    asked = mapping or (json.dumps(template.mapping) if template else None)
    examined = _examined(file.file, asked, kind or (template.kind if template else None), must_tell=start)
    upsert = Upsert(
        key or (template.key if template else "any"), on_match or (template.on_match if template else "skip")
    )
    size, content_hash = _measured(file.file, examined, upsert, streams.keys)
    import_id = _id_of(db, content_hash) if start else uuid4()
    upload_id = spool(db, streams.keys, file.file)
    command = _command(examined, upsert, size, content_hash, waits=not start, template=mapping_template)
    written = log.execute(imports, import_id, command)
    state = "running" if start else "mapped" if examined.layout.columns or examined.source == "vcard" else "uploaded"
    taken = jobs.take_in(
        *(db, written.stream, upload_id, examined, upsert),
        actor=agent.actor,
        state=state,
        size=size,
        content_hash=content_hash,
    )
    if not taken:
        discard(db, streams.keys, upload_id)
    return Created(written, "/imports/{id}")


@router.get("/{import_id}")
def get_import(import_id: UUID, streams: Streams, db: Tables, agent: CanFollowImports) -> Versioned[ImportAnswer]:
    """How far an import is, and how it is understood."""
    folded, job = streams.get(imports, import_id), jobs.find(db, import_id)
    if job is None:
        raise Unknown("There is no such import.")
    return Versioned(ImportAnswer.of(job, db, streams.keys), folded.version, folded.token)


@router.get("/{import_id}/rows", dependencies=[reads(import_report.import_report)])
def get_rows(
    import_id: UUID,
    page: PageQuery,
    db: ReadModel,
    streams: Streams,
    agent: CanFollowImports,
    outcome: Annotated[
        Literal["rejected", "conflict", "matched", "updated", "registered"] | None, Query(description="Only these.")
    ] = None,
) -> Page[import_report.RowReport]:
    """The rows that are more or less than a contact's registration: rejected, in conflict, about somebody known, taken
    back; and those that made an account, or of which something was left out.
    """
    streams.get(imports, import_id)
    return import_report.find(db, import_id, page, outcome)


def _command(
    examined: Examined, upsert: Upsert, size: int, content_hash: str, *, waits: bool, template: str | None
) -> Any:
    if not waits:
        return partial(import_job.start, started=started(examined, upsert, size, content_hash))
    layout = examined.layout
    uploaded = ImportUploaded(content_hash=content_hash, size_bytes=size, format=layout.format, source=examined.source)
    mapped = ImportMapped(
        kind=examined.kind,
        columns=dict(layout.columns),
        key=upsert.key,
        on_match=upsert.on_match,
        template=template,
    )

    def wait(job: Any) -> Any:
        taken = upload(job, uploaded=uploaded)
        if taken is None or not (layout.columns or examined.source == "vcard"):
            return taken
        return taken, mapped

    return wait


def started(examined: Examined, upsert: Upsert, size: int, content_hash: str) -> ImportStarted:
    """The fact that begins an import."""
    layout = examined.layout
    return ImportStarted(
        content_hash=content_hash,
        size_bytes=size,
        encoding=layout.dialect.encoding,
        delimiter=layout.dialect.delimiter,
        columns=dict(layout.columns),
        kind=examined.kind,
        format=layout.format,
        source=examined.source,
        key=upsert.key,
        on_match=upsert.on_match,
    )


def _examined(file: BinaryIO, mapping: str | None, kind: RowKind | None, *, must_tell: bool) -> Examined:
    try:
        examined = examine(file, mapping_of(mapping), kind)
        if must_tell or mapping:
            check(examined)
    except Rejected as refusal:
        raise invalid(refusal.field or "file", "body", refusal.sentence) from refusal
    return examined


def _template(streams: EventLog, name: str | None) -> ImportTemplate | None:
    if not name:
        return None
    try:
        return streams.get(import_templates, template_stream(name)).state
    except Unknown as unknown:
        sentence = "There is no template of this name. GET /import-templates lists them."
        raise invalid("mapping_template", "body", sentence) from unknown


def _measured(file: BinaryIO, examined: Examined, upsert: Upsert, keys: Keys) -> tuple[int, str]:
    columns = json.dumps(dict(examined.layout.columns), sort_keys=True)
    options = "" if upsert == Upsert() and examined.kind == "people" else f"{examined.kind} {upsert}"
    content_hash = keys.keyed_hash(digest(file) + (columns + options).encode()).hex()
    return file.seek(0, 2), content_hash


def _id_of(db: Tables, content_hash: str) -> UUID:
    import_id = uuid5(_FILES, content_hash)
    while (job := jobs.find(db, import_id)) is not None and job.state in _OVER:
        import_id = uuid5(import_id, "again")
    return import_id
