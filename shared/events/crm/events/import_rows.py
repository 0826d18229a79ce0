"""What became of the rows of imported files, each on a tiny stream of its own, if it is not a contact's own fact."""

from typing import TypeAlias
from uuid import UUID

from crm.events.fact import Fact


class ImportRowRejected(Fact, frozen=True, tag="crm.contacts.import-row-rejected.v1"):
    """A row that was not imported; the reason quotes nothing of the row. `conflict_with`: whose identifier it uses."""

    summary = "Line {line} rejected: {field}: {reason}"
    import_id: UUID
    line: int
    field: str | None
    reason: str
    conflict_with: UUID | None = None


class ImportRowMatched(Fact, frozen=True, tag="crm.contacts.import-row-matched.v1"):
    """A row about somebody already known, who stays as they are; `earlier_line` if known by the same file."""

    summary = "Line {line} of an import names this contact by {matched_by}"
    import_id: UUID
    line: int
    contact: UUID
    matched_by: str
    earlier_line: int | None = None


class ImportRowRegistered(Fact, frozen=True, tag="crm.contacts.import-row-registered.v1"):
    """A row made a contact; only where it did more than the contact's own facts say, or less than it should."""

    summary = "Line {line} of an import registered this contact"
    import_id: UUID
    line: int
    contact: UUID
    account: UUID | None = None
    """The account that the row made."""
    remark: str | None = None
    """What of the row was left out, and why."""


class ImportRowApplied(Fact, frozen=True, tag="crm.contacts.import-row-applied.v1"):
    """A row changed somebody already known; what changed is said by the contact's own facts of the same append."""

    summary = "Line {line} of an import changed this contact, named by {matched_by}"
    import_id: UUID
    line: int
    contact: UUID
    matched_by: str
    remark: str | None = None
    """What of the row was left out, and why."""
    account: UUID | None = None
    """The account that the row made, or that the contact belongs to by it."""
    account_made: bool = False
    affiliation: UUID | None = None
    """Where it is recorded that the contact belongs to the account, if the row changed that."""


class ImportRowNamedAccount(Fact, frozen=True, tag="crm.contacts.import-row-named-account.v1"):
    """A row about an account already known, which stays as it is; `earlier_line` if known by the same file."""

    summary = "Line {line} of an import names account {account}"
    import_id: UUID
    line: int
    account: UUID
    earlier_line: int | None = None


class ImportRowChangedAccount(Fact, frozen=True, tag="crm.contacts.import-row-changed-account.v1"):
    summary = "Line {line} of an import changed account {account}"
    import_id: UUID
    line: int
    account: UUID


class ImportRowAccountReverted(Fact, frozen=True, tag="crm.contacts.import-row-account-reverted.v1"):
    """On the row that made an account: it is in the archive, and nothing leads to it any more."""

    summary = "Account {account}, made by line {line} of an import, taken back"
    import_id: UUID
    line: int
    account: UUID


class ImportRowAccountKept(Fact, frozen=True, tag="crm.contacts.import-row-account-kept.v1"):
    """On the row that made an account, which a revert leaves as it is."""

    summary = "Account {account}, made by line {line} of an import, is not taken back: {reason}"
    import_id: UUID
    line: int
    account: UUID
    reason: str


class ImportRowReverted(Fact, frozen=True, tag="crm.contacts.import-row-reverted.v1"):
    summary = "Line {line} of an import taken back"
    import_id: UUID
    line: int
    contact: UUID


class ImportRowKept(Fact, frozen=True, tag="crm.contacts.import-row-kept.v1"):
    """A row that a revert leaves as it is."""

    summary = "Line {line} of an import is not taken back: {reason}"
    import_id: UUID
    line: int
    contact: UUID
    reason: str


ImportRowFact: TypeAlias = (
    ImportRowRejected
    | ImportRowMatched
    | ImportRowRegistered
    | ImportRowApplied
    | ImportRowReverted
    | ImportRowKept
    | ImportRowNamedAccount
    | ImportRowChangedAccount
    | ImportRowAccountReverted
    | ImportRowAccountKept
)
