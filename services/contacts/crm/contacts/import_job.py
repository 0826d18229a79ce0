"""An import: taken in, mapped, rehearsed, run, taken back. No I/O; the work is in `importing`."""

from typing import Literal, TypeAlias, assert_never

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.imports import (
    ImportCancelled,
    ImportCompleted,
    ImportFact,
    ImportFailed,
    ImportMapped,
    ImportRehearsed,
    ImportReverted,
    ImportRevertRequested,
    ImportStarted,
    ImportUploaded,
)

ImportStatus: TypeAlias = Literal[
    "uploaded",
    "mapped",
    "dry_run",
    "running",
    "completed",
    "completed_with_errors",
    "failed",
    "cancelled",
    "reverting",
    "reverted",
]
_WAITING = ("uploaded", "mapped", "dry_run")
_ENDED = ("completed", "completed_with_errors", "failed", "cancelled")


class ImportJob(Struct, frozen=True):
    """A file that is or was imported. Counts are of rows."""

    status: ImportStatus
    columns: dict[str, str] = {}
    rows: int = 0
    registered: int = 0
    updated: int = 0
    matched: int = 0
    rejected: int = 0
    started: bool = False


def start(job: ImportJob | None, *, started: ImportStarted) -> ImportStarted | None:
    """An import begins, at once or after it has waited. The same file begins once."""
    if job is None or job.status in ("mapped", "dry_run"):
        return started
    if job.status == "uploaded":
        raise Rejected("Say first what the columns of this file mean.", field="mapping")
    return None


def upload(job: ImportJob | None, *, uploaded: ImportUploaded) -> ImportUploaded | None:
    """A file waits."""
    return uploaded if job is None else None


def map_columns(job: ImportJob | None, *, mapped: ImportMapped) -> ImportMapped:
    """Says what the columns mean, for the first time or anew."""
    if _known(job).status not in _WAITING:
        raise Rejected("This import has started; its mapping cannot be changed any more.")
    return mapped


def rehearsable(job: ImportJob | None) -> None:
    """Raises `Rejected` unless a dry run can be made now."""
    if _known(job).status == "uploaded":
        raise Rejected("Say first what the columns of this file mean.", field="mapping")
    if _known(job).status not in _WAITING:
        raise Rejected("This import has started; a dry run would tell nothing new.")


def rehearse(job: ImportJob | None, *, rehearsed: ImportRehearsed) -> ImportRehearsed | None:
    """A dry run was made; nothing is recorded of one that was overtaken by the start."""
    return rehearsed if _known(job).status in ("mapped", "dry_run") else None


def complete(
    job: ImportJob | None,
    *,
    registered: int,
    matched: int,
    rejected: int,
    updated: int = 0,
    conflicts: int = 0,
    accounts: int = 0,
    affiliated: int = 0,
) -> ImportCompleted | None:
    """Every row has become a contact, or is known not to."""
    if _known(job).status != "running":
        return None
    return ImportCompleted(
        rows=registered + updated + matched + rejected,
        registered=registered,
        matched=matched,
        rejected=rejected,
        updated=updated,
        conflicts=conflicts,
        accounts=accounts,
        affiliated=affiliated,
    )


def fail(job: ImportJob | None, *, reason: str) -> ImportFailed | None:
    """The file cannot be read to its end."""
    return ImportFailed(reason=reason) if _known(job).status not in (*_ENDED, "reverting", "reverted") else None


def cancel(job: ImportJob | None) -> ImportCancelled | None:
    """Stops an import; what it has done stays, and can be taken back."""
    if _known(job).status == "cancelled":
        return None
    if _known(job).status not in (*_WAITING, "running"):
        raise Rejected("This import has ended already.")
    return ImportCancelled()


def request_revert(job: ImportJob | None) -> ImportRevertRequested | None:
    """Begins to take an import back."""
    status = _known(job).status
    if status in ("reverting", "reverted"):
        return None
    if status not in _ENDED or not _known(job).started:
        raise Rejected("Only an import that has run can be taken back. Cancel it instead.")
    return ImportRevertRequested()


def revert(job: ImportJob | None, *, undone: int, kept: int) -> ImportReverted | None:
    """What could be taken back, is."""
    return ImportReverted(undone=undone, kept=kept) if _known(job).status == "reverting" else None


def _known(job: ImportJob | None) -> ImportJob:
    if job is None:
        raise Unknown("There is no such import.")
    return job


def evolve(job: ImportJob | None, fact: ImportFact) -> ImportJob:  # noqa: C901, PLR0911 (one case per fact)
    match fact:
        case ImportStarted(columns=columns):
            return ImportJob("running", columns, started=True)
        case ImportUploaded():
            return ImportJob("uploaded")
    assert job
    match fact:
        case ImportMapped(columns=columns):
            return replace(job, status="mapped", columns=columns)
        case ImportRehearsed():
            return replace(job, status="dry_run")
        case ImportCompleted(rows, registered, matched, rejected, updated):
            status: ImportStatus = "completed_with_errors" if rejected else "completed"
            counts = {"registered": registered, "matched": matched, "rejected": rejected, "updated": updated}
            return replace(job, status=status, rows=rows, **counts)
        case ImportFailed():
            return replace(job, status="failed")
        case ImportCancelled():
            return replace(job, status="cancelled")
        case ImportRevertRequested():
            return replace(job, status="reverting")
        case ImportReverted():
            return replace(job, status="reverted")
        case _:
            assert_never(fact)


imports = Aggregate("import", ImportFact, evolve, about=None)
