"""Duplicates: pairs of contacts that may be one person, decided by people (C5)."""

from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import Query
from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Versioned,
    Written,
    reads,
)
from crm.contacts.api.bodies import ERASED, CanMergeContacts, CanReadContacts, ContactAnswer
from crm.contacts.api.merges import ChoosableField
from crm.contacts.api.within import Mine
from crm.contacts.duplicates import queue
from crm.contacts.duplicates.approving import approving
from crm.contacts.duplicates.asking import compared
from crm.contacts.lookup import find
from crm.contacts.merge_case import CaseStatus, ask, case_stream, dismiss, merge_cases
from crm.contacts.settling import settle

router = Router(prefix="/duplicates", tags=["duplicates"])


class SuggestPair(BaseModel, extra="forbid"):
    """Two contacts, by any of their ids."""

    first: UUID
    second: UUID


class DismissPair(BaseModel, extra="forbid"):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] | None = Field(
        None, description="Why these are two people."
    )


class ApprovePair(BaseModel, extra="forbid"):
    """How they are merged: as `POST /contacts/{id}/merge` takes it. Nothing need be said."""

    survivor: UUID | None = None
    choices: dict[ChoosableField, UUID] = {}
    versions: dict[UUID, Annotated[int, Field(ge=1)]] = Field({}, max_length=500)


class PairAnswer(BaseModel):
    """Two contacts. `evidence` says in words what is alike and what is not, the most telling first. Times are UTC."""

    id: UUID
    first: UUID
    second: UUID
    status: CaseStatus
    score: float
    rule: str
    evidence: list[str]
    suggested_at: datetime
    since: datetime

    @classmethod
    def of(cls, case: queue.Case) -> "PairAnswer":
        shown = {name: getattr(case, name) for name in cls.model_fields if name != "evidence"}
        return cls(evidence=list(case.evidence), **shown)


class SideBySide(BaseModel):
    """A pair with the people as they are now, under their canonical ids."""

    id: UUID
    status: CaseStatus
    score: float
    rule: str
    evidence: list[str]
    merge_id: UUID | None
    first: ContactAnswer
    second: ContactAnswer


@router.get("", dependencies=[reads(queue.duplicates)])
def get_duplicates(
    page: PageQuery,
    db: ReadModel,
    agent: CanReadContacts,
    mine: Mine,
    status: Annotated[CaseStatus, Query(description="What was decided so far.")] = "suggested",
    min_score: Annotated[float, Query(ge=0, le=1, description="The least probability.")] = 0.0,
) -> Page[PairAnswer]:
    """Pairs that may be one person, the likeliest first."""
    found = queue.find(db, page, status=status, min_score=min_score, within=mine)
    return Page(tuple(map(PairAnswer.of, found.items)), found.next)


@router.post("")
def post_pair(body: SuggestPair, log: Log, streams: Streams, agent: CanMergeContacts) -> Created:
    """Puts a pair in the queue by hand, also one that was dismissed."""
    suggested = compared(streams, body.first, body.second)
    stream = case_stream(suggested.first, suggested.second)
    return Created(log.execute(merge_cases, stream, partial(ask, suggested=suggested)), "/duplicates/{id}")


@router.get("/{case_id:uuid}", responses=ERASED)
def get_pair(case_id: UUID, streams: Streams, agent: CanReadContacts) -> Versioned[SideBySide]:
    """Both people side by side, and what speaks for them being one. Never stale."""
    folded = streams.get(merge_cases, case_id)
    case = folded.state
    answer = SideBySide(
        id=case_id,
        status=case.status,
        score=case.score,
        rule=case.rule,
        evidence=list(case.evidence),
        merge_id=case.merge_id,
        first=ContactAnswer.of(find(streams, case.first)),
        second=ContactAnswer.of(find(streams, case.second)),
    )
    return Versioned(answer, folded.version, folded.token)


@router.post("/{case_id}/dismiss")
def post_dismissal(case_id: UUID, body: DismissPair, log: Log, agent: CanMergeContacts, expected: IfMatch) -> Written:
    """These are two people. They are not suggested again unless somebody asks."""
    return log.execute(merge_cases, case_id, partial(dismiss, reason=body.reason or None), expected)


@router.post("/{case_id}/approve", responses=ERASED)
def post_approval(
    case_id: UUID, body: ApprovePair, log: Log, streams: Streams, agent: CanMergeContacts, expected: IfMatch
) -> Written:
    """This is one person: the two are merged, which can be undone like any merge."""
    prepare = partial(
        approving,
        streams,
        case_id,
        uuid4(),
        expected=expected,
        survivor=body.survivor,
        choices={str(field): source for field, source in body.choices.items()},
        versions=body.versions,
    )
    return settle(log, streams.get(merge_cases, case_id).state.first, prepare)
