"""Exports: a list of contacts as a file, streamed, in the order and with the filters of the list."""

from functools import partial
from typing import Annotated, Any, Literal, TypeAlias

from fastapi import Query
from starlette.responses import StreamingResponse

from crm.chassis.auth import Agent, allowed
from crm.chassis.http import ReadModel, Router, Streams, reads
from crm.contacts import directory
from crm.contacts.exporting.cards import as_cards
from crm.contacts.exporting.lines import as_lines
from crm.contacts.exporting.people import pages
from crm.contacts.exporting.tables import COLUMNS, Column, as_table

router = Router(prefix="/exports", tags=["exports"])

CanExport: TypeAlias = Annotated[Agent, allowed("contacts:export")]
_MEDIA = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "vcf": "text/vcard; charset=utf-8"}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {each.partition(";")[0]: {} for each in _MEDIA.values()}, "description": "The file"}
}


@router.get("/contacts", dependencies=[reads(directory.directory)], responses=_FILE, response_class=StreamingResponse)
def get_contacts_export(
    db: ReadModel,
    streams: Streams,
    agent: CanExport,
    format: Annotated[Literal["csv", "jsonl", "vcf"], Query(description="CSV, JSON Lines, or vCard 4.")] = "csv",
    search: Annotated[str, Query(max_length=200, description="Words of a name or an e-mail address.")] = "",
    columns: Annotated[list[Column] | None, Query(description="Of a CSV file; all of them, if left out.")] = None,
    delimiter: Annotated[Literal[",", ";", "tab"], Query(description="Of a CSV file.")] = ",",
    bom: Annotated[bool, Query(description="Mark a CSV file as UTF-8, so that Excel opens it right.")] = False,
) -> StreamingResponse:
    """The contacts that match, by name. CSV and vCard can be imported again as they are."""
    people = pages(streams, partial(directory.find, db, search))
    if format == "csv":
        content = as_table(people, columns or COLUMNS, delimiter="\t" if delimiter == "tab" else delimiter, bom=bom)
    else:
        content = as_cards(people) if format == "vcf" else as_lines(people)
    disposition = {"Content-Disposition": f'attachment; filename="contacts.{format}"'}
    return StreamingResponse(content, media_type=_MEDIA[format], headers=disposition)
