"""Exports: a list of contacts as a file, streamed, in the order and with the filters of the list."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

from fastapi import Query
from starlette.responses import StreamingResponse

from crm.chassis.auth import Agent, allowed
from crm.chassis.http import ReadModel, Router, Streams, reads
from crm.contacts.account_list import account_list
from crm.contacts.api.searches import Asked, attributes_asked
from crm.contacts.api.within import Mine, Within
from crm.contacts.attributing import in_force
from crm.contacts.belonging import belonging
from crm.contacts.directory import directory
from crm.contacts.exporting.cards import as_cards
from crm.contacts.exporting.lines import as_lines
from crm.contacts.exporting.people import pages
from crm.contacts.exporting.tables import COLUMNS, Column, as_table
from crm.contacts.exporting.workplaces import Workplaces
from crm.contacts.searching import Filter, search

router = Router(prefix="/exports", tags=["exports"])

CanExport: TypeAlias = Annotated[Agent, allowed("contacts:export", Within)]
_MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "vcf": "text/vcard; charset=utf-8"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.partition(";")[0]: {} for each in _MEDIA.values()}, "description": "The file"}
}


@router.get(
    "/contacts",
    dependencies=[reads(directory, belonging, account_list)],
    responses=_FILE,
    response_class=StreamingResponse,
)
def get_contacts_export(
    db: ReadModel,
    streams: Streams,
    agent: CanExport,
    mine: Mine,
    format: Annotated[Literal["csv", "jsonl", "vcf"], Query(description="CSV, JSON Lines, or vCard 4.")] = "csv",
    text: Annotated[str, Query(alias="search", max_length=200, description="As in the list of contacts.")] = "",
    tag: Annotated[str | None, Query(max_length=60)] = None,
    owner: Annotated[str | None, Query(max_length=200)] = None,
    account: Annotated[UUID | None, Query(description="Who belongs to this account today.")] = None,
    archived: Annotated[bool, Query(description="Those in the archive instead of the others.")] = False,
    provisional: Annotated[bool | None, Query(description="Only those merely heard of, or only others.")] = None,
    asked: Asked = [],  # noqa: B006 (FastAPI copies it)
    columns: Annotated[list[Column] | None, Query(description="Of a CSV file; all of them, if left out.")] = None,
    delimiter: Annotated[Literal[",", ";", "tab"], Query(description="Of a CSV file.")] = ",",
    bom: Annotated[bool, Query(description="Mark a CSV file as UTF-8, so that Excel opens it right.")] = False,
) -> StreamingResponse:
    """The contacts that match, in the order of the list. CSV and vCard can be imported again as they are."""
    only = Filter(tag, owner, account, archived, provisional, attributes_asked(streams, "contact", asked), mine)
    today = datetime.now(UTC).date()
    people = pages(
        streams, lambda page: search(db, text, only, page, today=today), Workplaces(streams, db, mine, today)
    )
    if format == "csv":
        attributes = () if columns else tuple(in_force(streams, "contact").definitions.by_name)
        written = "\t" if delimiter == "tab" else delimiter
        content = as_table(people, columns or COLUMNS, attributes=attributes, delimiter=written, bom=bom)
    else:
        content = as_cards(people) if format == "vcf" else as_lines(people)
    disposition = {"Content-Disposition": f'attachment; filename="contacts.{format}"'}
    return StreamingResponse(content, media_type=_MEDIA[format], headers=disposition)
