"""A merge case: two contacts that may be one person, and what people decide. No I/O.

Suggested -> approved | dismissed -> merged -> unmerged (C5). A dismissal stays: the pair comes back only if somebody
asks for it, or if both turn out to hold the same verified identifier, which is new evidence of another kind.
"""

from typing import Literal, TypeAlias, assert_never
from uuid import UUID, uuid5

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.duplicates import (
    DuplicateApproved,
    DuplicateDismissed,
    DuplicateMerged,
    DuplicateRule,
    DuplicateSuggested,
    DuplicateUnmerged,
    DuplicateWithdrawn,
    MergeCaseFact,
)

_PAIRS = UUID("9b2f6a0e-6d0c-4d5a-8f0e-52a6c8a1d7b3")
CaseStatus: TypeAlias = Literal["suggested", "withdrawn", "dismissed", "approved", "merged"]
_WHAT_COUNTS = 0.01
"""A score that moved by less is the same score."""


class MergeCase(Struct, frozen=True):
    """Two contacts under the ids they had when they were first suggested."""

    first: UUID
    second: UUID
    status: CaseStatus
    score: float
    rule: DuplicateRule
    evidence: tuple[str, ...] = ()
    merge_id: UUID | None = None


def case_stream(one: UUID, other: UUID) -> UUID:
    """The stream of a pair, whichever is named first."""
    first, second = sorted((one, other))
    return uuid5(_PAIRS, f"{first} {second}")


def suggest(case: MergeCase | None, *, suggested: DuplicateSuggested) -> DuplicateSuggested | None:
    """The two may be one person. What was decided about them stays decided, but for a verified identifier (C5)."""
    if suggested.first == suggested.second:
        raise Rejected("A contact is no duplicate of itself.", field="second")
    match case.status if case else None:
        case "suggested" if case:
            moved = abs(suggested.score - case.score) >= _WHAT_COUNTS or suggested.rule != case.rule
            return suggested if moved and case.rule != "by-hand" else None
        case "dismissed" if case:
            is_new = suggested.rule == "verified-identifier" and case.rule != "verified-identifier"
            return suggested if is_new else None
        case "approved" | "merged":
            return None
    return suggested


def ask(case: MergeCase | None, *, suggested: DuplicateSuggested) -> DuplicateSuggested | None:
    """Somebody wants to decide about these two (again)."""
    if suggested.first == suggested.second:
        raise Rejected("A contact is no duplicate of itself.", field="second")
    if case is not None and case.status == "merged":
        raise Rejected("These two are merged already.")
    return None if case is not None and case.status in ("suggested", "approved") else suggested


def withdraw(case: MergeCase | None) -> DuplicateWithdrawn | None:
    """The two are not alike any more. What a person suggested or decided is not touched."""
    if case is None or case.status != "suggested" or case.rule == "by-hand":
        return None
    return DuplicateWithdrawn()


def dismiss(case: MergeCase | None, *, reason: str | None = None) -> DuplicateDismissed | None:
    """These are two people, and are not suggested again."""
    case = _known(case)
    if case.status == "merged":
        raise Rejected("These two are merged; undo the merge instead.")
    return None if case.status == "dismissed" else DuplicateDismissed(reason=reason)


def approve(case: MergeCase | None) -> DuplicateApproved | None:
    """This is one person."""
    case = _known(case)
    if case.status == "dismissed":
        raise Rejected("Somebody decided that these are two people. Suggest the pair again to decide anew.")
    return DuplicateApproved() if case.status in ("suggested", "withdrawn") else None


def close(case: MergeCase | None, *, merge_id: UUID) -> DuplicateMerged | None:
    """The two were merged. A pair that was never suggested needs no case."""
    return DuplicateMerged(merge_id=merge_id) if case is not None and case.status != "merged" else None


def reopen(case: MergeCase | None, *, merge_id: UUID) -> DuplicateUnmerged | None:
    """The merge was undone: who undid it said that these are two people."""
    if case is None or case.status != "merged" or case.merge_id != merge_id:
        return None
    return DuplicateUnmerged(merge_id=merge_id)


def _known(case: MergeCase | None) -> MergeCase:
    if case is None:
        raise Unknown("There is no such suggestion.")
    return case


def evolve(case: MergeCase | None, fact: MergeCaseFact) -> MergeCase:
    match fact:
        case DuplicateSuggested(first, second, score, rule, evidence):
            return MergeCase(first, second, "suggested", score, rule, tuple(evidence))
    assert case
    match fact:
        case DuplicateWithdrawn():
            return replace(case, status="withdrawn")
        case DuplicateDismissed() | DuplicateUnmerged():
            return replace(case, status="dismissed", merge_id=None)
        case DuplicateApproved():
            return replace(case, status="approved")
        case DuplicateMerged(merge_id=merge_id):
            return replace(case, status="merged", merge_id=merge_id)
        case _:
            assert_never(fact)


merge_cases = Aggregate("suggestion", MergeCaseFact, evolve, about=lambda _, case: (case.first, case.second))
