"""Rows that an earlier life of an import has applied, before it was killed."""

from collections.abc import Sequence
from uuid import UUID

from crm.chassis.log import EventLog
from crm.contacts.import_row import row_stream
from crm.events.import_rows import ImportRowApplied


def applied_before(log: EventLog, import_id: UUID, lines: Sequence[int]) -> dict[int, ImportRowApplied]:
    """Which of some lines were applied, in one look."""
    histories = log.store.load([row_stream(import_id, line) for line in lines])
    found = [log.stream(each)[0].fact for each, history in histories.items() if history]
    return {fact.line: fact for fact in found if isinstance(fact, ImportRowApplied)}
