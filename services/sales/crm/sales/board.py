"""The pipeline board: every deal as a card, and what the stages weigh, now and at any past moment (S4)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from crm.chassis.paging import Page, PageRequest
from crm.chassis.projection import Db, Subject, View
from crm.events import Personal, Recorded
from crm.events.sales import (
    OpportunityAmountChanged,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityChanged,
    OpportunityReopened,
    OpportunityStageChanged,
    OpportunityWon,
)
from crm.sales.opportunity import OpportunityStatus


@dataclass(frozen=True)
class Card:
    """One deal. `amount` is in major units; `stage` is called as it was when the deal came into it. Times are UTC."""

    id: UUID
    contact: Subject
    title: Personal[str]
    status: OpportunityStatus
    pipeline: str
    pipeline_version: int
    stage: str
    amount: Decimal
    currency: str
    probability: int
    probability_overridden: bool
    category: str
    lead: UUID | None
    close_on: date | None
    opened_at: datetime
    ended_at: datetime | None
    version: int


board = View(
    "board",
    Card,
    key="id",
    version=1,
    indexes=("opened_at, id", "pipeline, status, stage", "contact"),
    row_history=True,
)


@board.on(OpportunityOpened)
def pin(_: Card | None, e: Recorded[OpportunityOpened]) -> Card:
    deal = e.fact
    return Card(
        id=e.stream,
        contact=deal.contact,
        title=deal.title,
        status="open",
        pipeline=deal.pipeline,
        pipeline_version=deal.pipeline_version,
        stage=deal.stage,
        amount=deal.amount.amount,
        currency=deal.amount.currency,
        probability=deal.probability,
        probability_overridden=deal.probability_overridden,
        category=deal.category,
        lead=deal.lead,
        close_on=deal.close_on,
        opened_at=e.occurred_at,
        ended_at=None,
        version=e.version,
    )


@board.on(OpportunityStageChanged)
def move(card: Card, e: Recorded[OpportunityStageChanged]) -> Card:
    return replace(_placed(card, e), stage=e.fact.to_stage)


@board.on(OpportunityReopened)
def put_back(card: Card, e: Recorded[OpportunityReopened]) -> Card:
    return replace(_placed(card, e), stage=e.fact.stage, status="open", ended_at=None)


def _placed(card: Card, e: Recorded[OpportunityStageChanged] | Recorded[OpportunityReopened]) -> Card:
    return replace(
        card,
        pipeline_version=e.fact.pipeline_version,
        probability=e.fact.probability,
        probability_overridden=e.fact.probability_overridden,
        category=e.fact.category,
        version=e.version,
    )


@board.on(OpportunityProbabilityChanged)
def weigh(card: Card, e: Recorded[OpportunityProbabilityChanged]) -> Card:
    return replace(card, probability=e.fact.probability, probability_overridden=e.fact.overridden, version=e.version)


@board.on(OpportunityAmountChanged)
def price(card: Card, e: Recorded[OpportunityAmountChanged]) -> Card:
    amount = e.fact.amount
    return replace(card, amount=amount.amount, currency=amount.currency, version=e.version)


@board.on(OpportunityWon)
def celebrate(card: Card, e: Recorded[OpportunityWon]) -> Card:
    return replace(card, status="won", probability=100, category="closed", ended_at=e.occurred_at, version=e.version)


@board.on(OpportunityLost)
def mourn(card: Card, e: Recorded[OpportunityLost]) -> Card:
    return replace(card, status="lost", probability=0, category="omitted", ended_at=e.occurred_at, version=e.version)


def find(
    db: Db,
    page: PageRequest,
    *,
    status: OpportunityStatus | None = None,
    contacts: Sequence[UUID] | None = None,
    as_of: datetime | None = None,
) -> Page[Card]:
    """Deals, the newest first; only those with a status, or of one person's contact ids, where given."""
    wanted = {"status = %s": status, "contact = ANY(%s)": list(contacts) if contacts else None}
    asked = {condition: value for condition, value in wanted.items() if value is not None}
    return board.page(
        db,
        " AND ".join(asked) or "true",
        tuple(asked.values()),
        order_by=("opened_at DESC", "id DESC"),
        page=page,
        as_of=as_of,
    )
