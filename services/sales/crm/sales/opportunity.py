"""An opportunity: a deal that may be won. Probabilities are whole per cent; an open deal has 1 to 99 of them (S2)."""

from datetime import date
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events import Money
from crm.events.sales import (
    OpportunityAmountChanged,
    OpportunityFact,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityChanged,
    OpportunityReopened,
    OpportunityStageChanged,
    OpportunityWon,
)
from crm.sales.pipeline import Pipeline

OpportunityStatus: TypeAlias = Literal["open", "won", "lost"]
WhyLost: TypeAlias = Literal["price", "product", "competitor", "no budget", "no decision", "bad timing", "other"]


class Opportunity(Struct, frozen=True):
    """A deal as it stands; once it has ended, `stage` is the last one it was in."""

    contact: UUID
    title: str
    amount: Money
    pipeline: str
    pipeline_version: int
    stage: str
    probability: int
    probability_overridden: bool
    category: str
    status: OpportunityStatus
    lead: UUID | None
    close_on: date | None
    lost_because: str | None = None
    lost_to: str | None = None


def open_opportunity(
    opportunity: Opportunity | None,
    *,
    contact: UUID,
    title: str,
    amount: Money,
    pipeline: Pipeline,
    stage: str | None = None,
    probability: int | None = None,
    close_on: date | None = None,
    lead: UUID | None = None,
) -> OpportunityOpened | None:
    """A deal begins, in the first stage if none is given. Opened again from the same lead, nothing happens (S1)."""
    if opportunity is not None:
        if lead is not None and opportunity.lead == lead:
            return None
        raise Rejected("This opportunity is already open.")
    into = pipeline.stage(stage) if stage is not None else pipeline.first
    return OpportunityOpened(
        contact=contact,
        title=title,
        amount=_not_negative(amount),
        pipeline=pipeline.name,
        pipeline_version=pipeline.version,
        stage=into.name,
        probability=clamped(into.probability if probability is None else probability),
        probability_overridden=probability is not None,
        category=into.category,
        lead=lead,
        close_on=close_on,
    )


def change_amount(opportunity: Opportunity | None, *, amount: Money) -> OpportunityAmountChanged | None:
    deal = still_open(opportunity)
    if _not_negative(amount) == deal.amount:
        return None
    return OpportunityAmountChanged(was=deal.amount, amount=amount)


def win(opportunity: Opportunity | None) -> OpportunityWon | None:
    """The deal is won, at the amount it has now."""
    deal = _existing(opportunity)
    return None if deal.status == "won" else OpportunityWon(amount=still_open(deal).amount)


def lose(
    opportunity: Opportunity | None, *, reason: WhyLost, competitor: str | None = None, note: str | None = None
) -> OpportunityLost | None:
    deal = _existing(opportunity)
    if (deal.status, deal.lost_because, deal.lost_to) == ("lost", reason, competitor):
        return None
    return OpportunityLost(amount=still_open(deal).amount, reason=reason, competitor=competitor, note=note)


def reopen(
    opportunity: Opportunity | None, *, pipeline: Pipeline, stage: str | None = None
) -> OpportunityReopened | None:
    """A deal that had ended is back, in the stage it was in or another; its probability is the stage's."""
    deal = _existing(opportunity)
    if deal.status == "open":
        return None
    back_in = pipeline.stage(stage) if stage else pipeline.stage_now(deal.stage, deal.pipeline_version)
    return OpportunityReopened(
        stage=back_in.name,
        pipeline_version=pipeline.version,
        probability=clamped(back_in.probability),
        probability_overridden=False,
        category=back_in.category,
    )


def _existing(opportunity: Opportunity | None) -> Opportunity:
    if opportunity is None:
        raise Unknown("There is no such opportunity.")
    return opportunity


def still_open(opportunity: Opportunity | None) -> Opportunity:
    """The deal, if it has not ended. Raises `Unknown` and `Rejected`."""
    deal = _existing(opportunity)
    if deal.status != "open":
        raise Rejected(f"This opportunity is {deal.status}. Reopen it first.")
    return deal


def _not_negative(amount: Money) -> Money:
    if amount.minor < 0:
        raise Rejected("The amount of a deal cannot be negative.", field="amount")
    return amount


def clamped(probability: int) -> int:
    """The probability of an open deal: never certain either way (S2)."""
    return max(1, min(99, probability))


def evolve(opportunity: Opportunity | None, fact: OpportunityFact) -> Opportunity:
    if isinstance(fact, OpportunityOpened):
        return _opened(fact)
    assert opportunity
    match fact:
        case OpportunityStageChanged(to_stage=stage) | OpportunityReopened(stage=stage):
            return replace(
                opportunity,
                status="open",
                stage=stage,
                pipeline_version=fact.pipeline_version,
                probability=fact.probability,
                probability_overridden=fact.probability_overridden,
                category=fact.category,
                lost_because=None,
                lost_to=None,
            )
        case OpportunityProbabilityChanged(probability=probability, overridden=overridden):
            return replace(opportunity, probability=probability, probability_overridden=overridden)
        case OpportunityAmountChanged(amount=amount):
            return replace(opportunity, amount=amount)
        case OpportunityWon():
            return replace(opportunity, status="won", probability=100, category="closed")
        case OpportunityLost(reason=reason, competitor=competitor):
            lost = replace(opportunity, status="lost", probability=0, category="omitted")
            return replace(lost, lost_because=reason, lost_to=competitor)
        case _:
            assert_never(fact)


def _opened(fact: OpportunityOpened) -> Opportunity:
    return Opportunity(
        contact=fact.contact,
        title=fact.title,
        amount=fact.amount,
        pipeline=fact.pipeline,
        pipeline_version=fact.pipeline_version,
        stage=fact.stage,
        probability=fact.probability,
        probability_overridden=fact.probability_overridden,
        category=fact.category,
        status="open",
        lead=fact.lead,
        close_on=fact.close_on,
    )


opportunities = Aggregate(
    "opportunity", OpportunityFact, evolve, about=lambda stream, opportunity: {opportunity.contact}
)
