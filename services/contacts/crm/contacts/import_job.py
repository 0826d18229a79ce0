"""An import: when it began, what became of its rows, when it ended. No I/O; the work is in `importing`."""

from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Unknown
from crm.events.imports import (
    ImportCompleted,
    ImportFact,
    ImportRowFact,
    ImportRowMatched,
    ImportRowRejected,
    ImportStarted,
)

ImportStatus: TypeAlias = Literal["running", "completed"]


class ImportJob(Struct, frozen=True):
    """A file that is or was imported."""

    status: ImportStatus
    columns: dict[str, str]
    rows: int = 0
    registered: int = 0
    matched: int = 0
    rejected: int = 0


def start(job: ImportJob | None, *, started: ImportStarted) -> ImportStarted | None:
    """An import begins. The same file begins once."""
    return started if job is None else None


def complete(job: ImportJob | None, *, registered: int, matched: int, rejected: int) -> ImportCompleted | None:
    """Every row has become a contact, or is known not to."""
    if job is None:
        raise Unknown("There is no such import.")
    if job.status == "completed":
        return None
    rows = registered + matched + rejected
    return ImportCompleted(rows=rows, registered=registered, matched=matched, rejected=rejected)


def evolve(job: ImportJob | None, fact: ImportFact) -> ImportJob:
    match fact:
        case ImportStarted(columns=columns):
            return ImportJob("running", columns)
        case ImportCompleted(rows, registered, matched, rejected):
            assert job
            return replace(
                job, status="completed", rows=rows, registered=registered, matched=matched, rejected=rejected
            )
        case _:
            assert_never(fact)


imports = Aggregate("import", ImportFact, evolve, about=None)


def note(known: ImportRowFact | None, *, outcome: ImportRowFact) -> ImportRowFact | None:
    """What became of a row that made no contact; said once."""
    return outcome if known is None else None


def _about(_: UUID, outcome: ImportRowFact) -> tuple[UUID, ...]:
    return (outcome.contact,) if isinstance(outcome, ImportRowMatched) else ()


import_rows: Aggregate[ImportRowMatched | ImportRowRejected, ImportRowFact] = Aggregate(
    "import row", ImportRowFact, lambda _, fact: fact, about=_about
)
