"""The queue: pairs of contacts that may be one person, for people to decide, the likeliest first."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.projection import Db, Page, PageRequest, View
from crm.contacts.merge_case import CaseStatus
from crm.contacts.owning import owned
from crm.events import Recorded
from crm.events.duplicates import (
    DuplicateApproved,
    DuplicateDismissed,
    DuplicateMerged,
    DuplicateSuggested,
    DuplicateUnmerged,
    DuplicateWithdrawn,
)


@dataclass(frozen=True)
class Case:
    """A pair, what speaks for it, and what was decided. `since`: of the status (UTC)."""

    id: UUID
    first: UUID
    second: UUID
    status: CaseStatus
    score: float
    rule: str
    evidence: tuple[str, ...]
    suggested_at: datetime
    since: datetime
    version: int


duplicates = View("duplicates", Case, key="id", indexes=("status, score, id", "first", "second"))


@duplicates.on(DuplicateSuggested)
def add(_: Case | None, e: Recorded[DuplicateSuggested]) -> Case:
    f, at = e.fact, e.occurred_at
    return Case(e.stream, f.first, f.second, "suggested", f.score, f.rule, tuple(f.evidence), at, at, e.version)


@duplicates.on(DuplicateWithdrawn)
def withdraw(case: Case, e: Recorded[DuplicateWithdrawn]) -> Case:
    return replace(case, status="withdrawn", since=e.occurred_at, version=e.version)


@duplicates.on(DuplicateDismissed, DuplicateUnmerged)
def dismiss(case: Case, e: Recorded[DuplicateDismissed | DuplicateUnmerged]) -> Case:
    return replace(case, status="dismissed", since=e.occurred_at, version=e.version)


@duplicates.on(DuplicateApproved)
def approve(case: Case, e: Recorded[DuplicateApproved]) -> Case:
    return replace(case, status="approved", since=e.occurred_at, version=e.version)


@duplicates.on(DuplicateMerged)
def close(case: Case, e: Recorded[DuplicateMerged]) -> Case:
    return replace(case, status="merged", since=e.occurred_at, version=e.version)


# Of somebody erased nothing is left to compare; the chassis keeps whose erasure has arrived here.
_OF_THE_LIVING = "NOT EXISTS (SELECT FROM erasures WHERE contact_id IN (first, second))"


def find(
    db: Db,
    page: PageRequest,
    *,
    status: CaseStatus = "suggested",
    min_score: float = 0.0,
    within: Territory = EVERYWHERE,
) -> Page[Case]:
    """The pairs of a status, the likeliest first; only those of people who are both `within` a territory."""
    both, owners = owned("first, second", within)
    where = f"status = %s AND score >= %s AND {_OF_THE_LIVING} AND {both}"
    return duplicates.page(db, where, (status, min_score, *owners), order_by=("score DESC",), page=page)


def open_of(db: Db, contact_ids: Iterable[UUID]) -> list[Case]:
    """The undecided pairs that some contacts are part of."""
    ids = list(contact_ids)
    return duplicates.select(db, "status = 'suggested' AND (first = ANY(%s) OR second = ANY(%s))", (ids, ids))
