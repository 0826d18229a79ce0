"""What is told about opportunities over HTTP, in both directions."""

from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec.structs import asdict
from pydantic import Field

from crm.chassis.people.fields import Line, Report
from crm.sales.api.fields import Note, Priced
from crm.sales.api.pipelines import PipelineName
from crm.sales.board import Card
from crm.sales.opportunity import Opportunity, OpportunityStatus, WhyLost
from crm.sales.pipeline import DEFAULT

PerCent: TypeAlias = Annotated[int, Field(ge=0, le=100, description="Per cent; an open deal has 1 to 99 of them.")]


class OpenOpportunity(Report, Priced):
    """A deal with a contact; in the first stage and with its probability, unless others are given."""

    contact: UUID
    title: Line
    pipeline: PipelineName = DEFAULT
    stage: Line | None = None
    probability: PerCent | None = None
    close_on: date | None = Field(default=None, description="When the deal is expected to close.")


class ChangeStage(Report):
    """The probability becomes the stage's, unless one is given, or an override is to be kept (S2)."""

    stage: Line
    probability: PerCent | None = None
    keep_probability: bool = False


class Reconsider(Report):
    """An own judgement of the probability; null goes back to what the stage says (S2)."""

    probability: PerCent | None


class ChangeAmount(Report, Priced):
    """What the deal is worth now."""


class LoseOpportunity(Report):
    reason: WhyLost
    competitor: Line | None = Field(default=None, description="The company that won instead.")
    note: Note | None = None


class ReopenOpportunity(Report):
    stage: Line | None = Field(default=None, description="Where the deal goes on, if not in the stage it ended in.")


@dataclass(frozen=True)
class Deal:
    """An opportunity. `amount` is in major units; a stage is called as it was when the deal came into it."""

    id: UUID
    contact: UUID
    title: str
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
    lost_because: str | None
    lost_to: str | None


@dataclass(frozen=True)
class DealCard(Card):
    """A deal on a list; `contact_name` is there as soon as sales has heard of the contact."""

    contact_name: str | None


def deal(opportunity: UUID, state: Opportunity) -> Deal:
    """The answer to who asks for one opportunity."""
    members = asdict(state)
    return Deal(**members | {"id": opportunity, "amount": state.amount.amount, "currency": state.amount.currency})


def deal_card(card: Card, contact_name: str | None) -> DealCard:
    """The same for one on a list."""
    return DealCard(**{each.name: getattr(card, each.name) for each in fields(card)}, contact_name=contact_name)
