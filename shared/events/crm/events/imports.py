"""What happens to files that the contacts service takes in.

Each row's outcome is on its own tiny stream, if it is not a contact's own fact. Nothing here tells of a person.
"""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact

RowKind: TypeAlias = Literal["people", "interactions", "accounts", "affiliations"]
OnMatch: TypeAlias = Literal["skip", "update"]


class ImportUploaded(Fact, frozen=True, tag="crm.contacts.import-uploaded.v1"):
    """A file was taken in and waits: for a mapping, a dry run, the start."""

    summary = "A file of {size_bytes} bytes waits to be imported"
    content_hash: str
    size_bytes: int
    format: str
    source: str


class ImportMapped(Fact, frozen=True, tag="crm.contacts.import-mapped.v1"):
    """It was said what the columns mean, and how rows meet people who are known already."""

    summary = "Rows of {kind} are matched by {key}; {on_match} who is known"
    kind: RowKind
    columns: dict[str, str]
    key: str
    on_match: OnMatch
    template: str | None = None


class ImportRehearsed(Fact, frozen=True, tag="crm.contacts.import-rehearsed.v1"):
    """A dry run: what each row would do. Nothing else was changed."""

    summary = "Dry run: {created} new, {updated} changed, {matched} known already, {conflicts} in conflict"
    created: int
    updated: int
    matched: int
    conflicts: int
    rejected: int
    accounts: int = 0
    affiliated: int = 0


class ImportStarted(Fact, frozen=True, tag="crm.contacts.import-started.v1"):
    summary = "Import of {size_bytes} bytes started"
    content_hash: str
    """Keyed hash of the file: the same file is the same import."""
    size_bytes: int
    encoding: str
    delimiter: str
    columns: dict[str, str]
    """Which column of the file fills which field."""
    kind: RowKind = "people"
    format: str = "csv"
    source: str = "generic"
    """The program whose export it is."""
    key: str = "any"
    """What rows are matched by."""
    on_match: OnMatch = "skip"


class ImportCompleted(Fact, frozen=True, tag="crm.contacts.import-completed.v1"):
    """`rejected` counts the rows in conflict too; `affiliated` those that changed where somebody works."""

    summary = "Import completed: {registered} registered, {matched} known already, {rejected} rejected"
    rows: int
    registered: int
    matched: int
    rejected: int
    updated: int = 0
    conflicts: int = 0
    accounts: int = 0
    """Accounts that rows of people made."""
    affiliated: int = 0


class ImportFailed(Fact, frozen=True, tag="crm.contacts.import-failed.v1"):
    """The file could not be read to its end; the rows before that are imported."""

    summary = "Import failed: {reason}"
    reason: str


class ImportCancelled(Fact, frozen=True, tag="crm.contacts.import-cancelled.v1"):
    """Nothing more is imported from this file; what was imported stays."""

    summary = "Import cancelled"


class ImportRevertRequested(Fact, frozen=True, tag="crm.contacts.import-revert-requested.v1"):
    summary = "Import is being taken back"


class ImportReverted(Fact, frozen=True, tag="crm.contacts.import-reverted.v1"):
    """What nobody has touched since is taken back; `kept` rows have changed and stay."""

    summary = "Import taken back: {undone} rows undone, {kept} kept because they changed since"
    undone: int
    kept: int


ImportFact: TypeAlias = (
    ImportStarted
    | ImportCompleted
    | ImportUploaded
    | ImportMapped
    | ImportRehearsed
    | ImportFailed
    | ImportCancelled
    | ImportRevertRequested
    | ImportReverted
)


# Rows


class ContactWithdrawn(Fact, frozen=True, tag="crm.contacts.contact-withdrawn.v1"):
    """On a contact's own stream: the import that made them was taken back. Their identifiers are free again."""

    summary = "Taken back with the import it came from"
    import_id: UUID


# Templates


class ImportTemplateSaved(Fact, frozen=True, tag="crm.contacts.import-template-saved.v1"):
    """Which header fills which field, kept under a name to be used again."""

    summary = "Import template {name} saved"
    name: str
    kind: RowKind
    mapping: dict[str, str]
    key: str = "any"
    on_match: OnMatch = "skip"


ImportTemplateFact: TypeAlias = ImportTemplateSaved
