"""What became of the rows of imports that made no contact, as the report shows them."""

from dataclasses import dataclass
from uuid import UUID

from crm.chassis.projection import Db, Page, PageRequest, View
from crm.events import Recorded
from crm.events.imports import ImportRowMatched, ImportRowRejected


@dataclass(frozen=True)
class RowReport:
    """One row. Rejected: field and reason say why. Matched: the contact it is about, and the earlier line, if any."""

    id: UUID
    import_id: UUID
    line: int
    outcome: str
    field: str | None = None
    reason: str | None = None
    contact: UUID | None = None
    matched_by: str | None = None
    earlier_line: int | None = None


import_report = View("import_report", RowReport, key="id", indexes=("import_id, line, id",))


@import_report.on(ImportRowRejected)
def refuse(_: RowReport | None, e: Recorded[ImportRowRejected]) -> RowReport:
    return RowReport(e.stream, e.fact.import_id, e.fact.line, "rejected", e.fact.field, e.fact.reason)


@import_report.on(ImportRowMatched)
def match(_: RowReport | None, e: Recorded[ImportRowMatched]) -> RowReport:
    row = e.fact
    return RowReport(
        id=e.stream,
        import_id=row.import_id,
        line=row.line,
        outcome="matched",
        contact=row.contact,
        matched_by=row.matched_by,
        earlier_line=row.earlier_line,
    )


def find(db: Db, import_id: UUID, page: PageRequest) -> Page[RowReport]:
    """The rows of an import that made no contact, by line."""
    return import_report.page(db, "import_id = %s", (import_id,), order_by=("line",), page=page)
