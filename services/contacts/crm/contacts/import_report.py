"""What became of the rows of imports, where no contact's own fact says it, as the report shows them."""

from dataclasses import dataclass, replace
from uuid import UUID

from crm.chassis.projection import Db, Page, PageRequest, View
from crm.events import Recorded
from crm.events.import_rows import (
    ImportRowAccountKept,
    ImportRowAccountReverted,
    ImportRowApplied,
    ImportRowChangedAccount,
    ImportRowKept,
    ImportRowMatched,
    ImportRowNamedAccount,
    ImportRowRegistered,
    ImportRowRejected,
    ImportRowReverted,
)


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
    reverted: bool | None = None
    """Of an import that was taken back: whether this row was. None: there was nothing to take back."""
    account: UUID | None = None
    """The account it is about, if it is about one: which it made, or the contact belongs to by it."""
    account_made: bool = False
    account_reverted: bool | None = None
    """Of an import that was taken back: whether the account was that this row made. None: it made none."""
    account_reason: str | None = None
    """Why the account is not taken back."""


import_report = View("import_report", RowReport, key="id", version=3, indexes=("import_id, line, id",))


@import_report.on(ImportRowRejected)
def refuse(_: RowReport | None, e: Recorded[ImportRowRejected]) -> RowReport:
    row = e.fact
    outcome = "rejected" if row.conflict_with is None else "conflict"
    return RowReport(e.stream, row.import_id, row.line, outcome, row.field, row.reason, row.conflict_with)


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


@import_report.on(ImportRowRegistered)
def register(_: RowReport | None, e: Recorded[ImportRowRegistered]) -> RowReport:
    row = e.fact
    return RowReport(
        id=e.stream,
        import_id=row.import_id,
        line=row.line,
        outcome="registered",
        contact=row.contact,
        reason=row.remark,
        account=row.account,
        account_made=row.account is not None,
    )


@import_report.on(ImportRowApplied)
def apply(_: RowReport | None, e: Recorded[ImportRowApplied]) -> RowReport:
    row = e.fact
    return RowReport(
        id=e.stream,
        import_id=row.import_id,
        line=row.line,
        outcome="updated",
        contact=row.contact,
        matched_by=row.matched_by,
        reason=row.remark,
        account=row.account,
        account_made=row.account_made,
    )


@import_report.on(ImportRowNamedAccount)
def match_account(_: RowReport | None, e: Recorded[ImportRowNamedAccount]) -> RowReport:
    row = e.fact
    told = RowReport(e.stream, row.import_id, row.line, "matched", account=row.account, matched_by="external_id")
    return replace(told, earlier_line=row.earlier_line)


@import_report.on(ImportRowChangedAccount)
def change_account(_: RowReport | None, e: Recorded[ImportRowChangedAccount]) -> RowReport:
    row = e.fact
    return RowReport(e.stream, row.import_id, row.line, "updated", account=row.account, matched_by="external_id")


@import_report.on(ImportRowReverted)
def take_back(report: RowReport | None, e: Recorded[ImportRowReverted]) -> RowReport:
    return replace(report or _registered(e.stream, e.fact), reverted=True)


@import_report.on(ImportRowKept)
def keep(report: RowReport | None, e: Recorded[ImportRowKept]) -> RowReport:
    return replace(report or _registered(e.stream, e.fact), reverted=False, reason=e.fact.reason)


@import_report.on(ImportRowAccountReverted)
def take_account_back(report: RowReport, e: Recorded[ImportRowAccountReverted]) -> RowReport:
    return replace(report, account_reverted=True)


@import_report.on(ImportRowAccountKept)
def keep_account(report: RowReport, e: Recorded[ImportRowAccountKept]) -> RowReport:
    return replace(report, account_reverted=False, account_reason=e.fact.reason)


def _registered(stream: UUID, row: ImportRowReverted | ImportRowKept) -> RowReport:
    """A row that made a contact has no report before it is taken back."""
    return RowReport(stream, row.import_id, row.line, "registered", contact=row.contact)


def find(db: Db, import_id: UUID, page: PageRequest, outcome: str | None = None) -> Page[RowReport]:
    """The rows of an import that are reported, by line; only those of one outcome, if it is given."""
    where, params = (
        ("import_id = %s", (import_id,))
        if outcome is None
        else ("import_id = %s AND outcome = %s", (import_id, outcome))
    )
    return import_report.page(db, where, params, order_by=("line",), page=page)
