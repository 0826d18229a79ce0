"""A scan of all contacts for duplicates: when it began, and what it came to. No I/O; the work is in `scanning`."""

from typing import Literal, TypeAlias, assert_never

from msgspec import Struct

from crm.chassis.decider import Aggregate, Unknown
from crm.events.duplicates import DuplicateScanCompleted, DuplicateScanFact, DuplicateScanStarted

ScanStatus: TypeAlias = Literal["running", "completed"]


class Scan(Struct, frozen=True):
    """A scan that runs or ran."""

    status: ScanStatus


def start(scan: Scan | None) -> DuplicateScanStarted | None:
    """A scan begins, once."""
    return DuplicateScanStarted() if scan is None else None


def complete(scan: Scan | None, *, contacts: int, compared: int, suggested: int) -> DuplicateScanCompleted | None:
    """Everybody was compared."""
    if scan is None:
        raise Unknown("There is no such scan.")
    if scan.status == "completed":
        return None
    return DuplicateScanCompleted(contacts=contacts, compared=compared, suggested=suggested)


def evolve(scan: Scan | None, fact: DuplicateScanFact) -> Scan:
    match fact:
        case DuplicateScanStarted():
            return Scan("running")
        case DuplicateScanCompleted():
            return Scan("completed")
        case _:
            assert_never(fact)


scans = Aggregate("scan", DuplicateScanFact, evolve, about=None)
