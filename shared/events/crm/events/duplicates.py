"""What happens to two contacts that may be one person: suggested, decided by people, merged; and scans for them.

Nothing here tells a name, a date or an address: evidence names fields and how alike they are.
"""

from typing import Literal, TypeAlias
from uuid import UUID

from crm.events.fact import Fact, Personal

DuplicateRule: TypeAlias = Literal["likeness", "verified-identifier", "by-hand"]
"""Why two contacts are suggested: they are alike; both hold the same verified identifier; somebody said so."""


class DuplicateSuggested(Fact, frozen=True, tag="crm.contacts.duplicate-suggested.v1"):
    """Two contacts may be one person. Suggested again if score or rule change, while nobody has decided.

    `score` is a probability; `evidence` names fields and grades, such as `birth date: day and month swapped`.
    """

    summary = "May be the same person as another contact ({rule}, {score})"
    first: UUID
    second: UUID
    score: float
    rule: DuplicateRule
    evidence: list[str]


class DuplicateWithdrawn(Fact, frozen=True, tag="crm.contacts.duplicate-withdrawn.v1"):
    """What spoke for it has gone: one of the two was corrected meanwhile."""

    summary = "No longer looks like another contact"


class DuplicateDismissed(Fact, frozen=True, tag="crm.contacts.duplicate-dismissed.v1"):
    """Somebody decided that these are two people. That stays."""

    summary = "Not the same person as another contact: {reason}"
    reason: Personal[str | None] = None


class DuplicateApproved(Fact, frozen=True, tag="crm.contacts.duplicate-approved.v1"):
    """Somebody (or the rule of verified identifiers, where it may) decided that this is one person."""

    summary = "Confirmed to be the same person as another contact"


class DuplicateMerged(Fact, frozen=True, tag="crm.contacts.duplicate-merged.v1"):
    """The two were merged, by whatever way."""

    summary = "Merged with a suspected duplicate"
    merge_id: UUID


class DuplicateUnmerged(Fact, frozen=True, tag="crm.contacts.duplicate-unmerged.v1"):
    """The merge was undone: they count as two people, as if they had been dismissed."""

    summary = "The merge with a suspected duplicate was undone"
    merge_id: UUID


MergeCaseFact: TypeAlias = (
    DuplicateSuggested
    | DuplicateWithdrawn
    | DuplicateDismissed
    | DuplicateApproved
    | DuplicateMerged
    | DuplicateUnmerged
)


class DuplicateScanStarted(Fact, frozen=True, tag="crm.contacts.duplicate-scan-started.v1"):
    summary = "Scan of all contacts for duplicates started"


class DuplicateScanCompleted(Fact, frozen=True, tag="crm.contacts.duplicate-scan-completed.v1"):
    summary = "Scan for duplicates completed: {contacts} contacts, {compared} pairs compared, {suggested} suggested"
    contacts: int
    compared: int
    suggested: int


DuplicateScanFact: TypeAlias = DuplicateScanStarted | DuplicateScanCompleted
