"""People as CSV. It can be imported again as it is; no cell is run by a spreadsheet."""

import codecs
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Literal, TypeAlias
from urllib.parse import quote

from crm.contacts.attribute_value import format_value
from crm.contacts.exporting.people import Exported
from crm.contacts.exporting.workplaces import Workplace
from crm.events.particulars import PostalAddress

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so could be taken for a formula; it gets an apostrophe before it (OWASP, CSV injection)."""

Column: TypeAlias = Literal[
    "name",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "region",
    "country",
    "organisation",
    "job_title",
    "department",
    "external_ids",
    "birthday",
    "tags",
    "provisional",
    "rapport_id",
]


def _address(part: str) -> Callable[[Exported], str]:
    return lambda each: getattr(each.contact.address or PostalAddress(), part) or ""


def _work(part: str) -> Callable[[Exported], str]:
    return lambda each: getattr(each.workplace, part) or ""


_CELLS: Mapping[str, Callable[[Exported], str]] = {
    "name": lambda each: each.contact.name,
    "email": lambda each: ";".join(each.contact.emails),
    "phone": lambda each: ";".join(phone.entered for phone in each.contact.phones),
    **{part: _address(part) for part in PostalAddress.__struct_fields__},
    **{part.name: _work(part.name) for part in fields(Workplace)},
    "external_ids": lambda each: ";".join(
        f"{quote(known.system)}:{quote(known.id, safe=' /:')}" for known in each.contact.external_ids
    ),
    "birthday": lambda each: str(each.contact.birthday or ""),
    "tags": lambda each: ";".join(each.contact.tags),
    "provisional": lambda each: "yes" if each.contact.provisional else "",
    "rapport_id": lambda each: str(each.contact_id),
}
COLUMNS = tuple(_CELLS)


def as_table(
    pages: Iterable[Sequence[Exported]],
    columns: Sequence[str] = COLUMNS,
    *,
    attributes: Sequence[str] = (),
    delimiter: str = ",",
    bom: bool = False,
) -> Iterator[bytes]:
    """A header, then a row for each person; `bom` marks the file as UTF-8 for Excel, `attributes` are custom ones."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow([*columns, *(f"attribute:{each}" for each in attributes)])
    if bom:
        yield codecs.BOM_UTF8
    for page in pages:
        for each in page:
            own = {held.attribute: format_value(held.values) for held in each.contact.attributes}
            cells = [*(_CELLS[column](each) for column in columns), *(own.get(name, "") for name in attributes)]
            writer.writerow(map(guarded, cells))
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(FORMULAS) else cell
