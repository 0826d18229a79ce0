"""What became of one row of an import, where no contact's own fact says it. No I/O."""

from typing import assert_never
from uuid import UUID, uuid5

from crm.chassis.decider import Aggregate
from crm.events.import_rows import (
    ImportRowAccountKept,
    ImportRowAccountReverted,
    ImportRowApplied,
    ImportRowChangedAccount,
    ImportRowFact,
    ImportRowKept,
    ImportRowMatched,
    ImportRowNamedAccount,
    ImportRowRegistered,
    ImportRowRejected,
    ImportRowReverted,
)


def row_stream(import_id: UUID, line: int) -> UUID:
    """The stream of what became of a row."""
    return uuid5(import_id, f"row {line}")


def note(known: ImportRowFact | None, *, outcome: ImportRowFact) -> ImportRowFact | None:
    """What became of a row that made no contact; said once."""
    return outcome if known is None else None


def note_revert(
    known: ImportRowFact | None, *, outcome: ImportRowReverted | ImportRowKept
) -> ImportRowReverted | ImportRowKept | None:
    """What became of a row when the import was taken back; said once."""
    return None if isinstance(known, ImportRowReverted | ImportRowKept) else outcome


def note_account(
    known: ImportRowFact | None, *, outcome: ImportRowAccountReverted | ImportRowAccountKept
) -> ImportRowAccountReverted | ImportRowAccountKept | None:
    """What became of the account that a row made, when the import was taken back; said once."""
    return None if isinstance(known, ImportRowAccountReverted | ImportRowAccountKept) else outcome


def _about(_: UUID, outcome: ImportRowFact) -> tuple[UUID, ...]:
    match outcome:
        case ImportRowRejected() | ImportRowNamedAccount() | ImportRowChangedAccount():
            return ()
        case ImportRowAccountReverted() | ImportRowAccountKept():
            return ()
        case ImportRowMatched() | ImportRowRegistered() | ImportRowApplied() | ImportRowReverted() | ImportRowKept():
            return (outcome.contact,)
        case _:
            assert_never(outcome)


import_rows: Aggregate[ImportRowFact, ImportRowFact] = Aggregate(
    "import row", ImportRowFact, lambda _, fact: fact, about=_about
)
