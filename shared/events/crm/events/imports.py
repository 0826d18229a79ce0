"""What happens to files of people that the contacts service takes in.

Each row's outcome is on its own tiny stream, if it is not a contact's own fact.
"""

from typing import TypeAlias
from uuid import UUID

from crm.events.fact import Fact


class ImportStarted(Fact, frozen=True, tag="crm.contacts.import-started.v1"):
    summary = "Import of {size_bytes} bytes started"
    content_hash: str
    """Keyed hash of the file: the same file is the same import."""
    size_bytes: int
    encoding: str
    delimiter: str
    columns: dict[str, str]
    """Which column of the file fills which field."""


class ImportRowRejected(Fact, frozen=True, tag="crm.contacts.import-row-rejected.v1"):
    """A row that is no contact; the reason quotes nothing of the row."""

    summary = "Line {line} rejected: {field}: {reason}"
    import_id: UUID
    line: int
    field: str | None
    reason: str


class ImportRowMatched(Fact, frozen=True, tag="crm.contacts.import-row-matched.v1"):
    """A row about somebody already known; `earlier_line` if by the same file."""

    summary = "Line {line} of an import names this contact by {matched_by}"
    import_id: UUID
    line: int
    contact: UUID
    matched_by: str
    earlier_line: int | None = None


class ImportCompleted(Fact, frozen=True, tag="crm.contacts.import-completed.v1"):
    summary = "Import completed: {registered} registered, {matched} known already, {rejected} rejected"
    rows: int
    registered: int
    matched: int
    rejected: int


ImportFact: TypeAlias = ImportStarted | ImportCompleted
ImportRowFact: TypeAlias = ImportRowRejected | ImportRowMatched
