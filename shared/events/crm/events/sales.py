"""What happens in the sales service: leads, opportunities, and the pipelines they move through."""

from datetime import date
from typing import TypeAlias
from uuid import UUID

from msgspec import Struct

from crm.events.fact import Fact, Personal
from crm.events.money import Money

# Leads: somebody showed interest.


class LeadCaptured(Fact, frozen=True, tag="crm.sales.lead-captured.v1"):
    """`provisional`: nobody knew this person; `contact` is the id that every service would mint for the address."""

    summary = "New lead from {source}: {interest}"
    contact: UUID
    provisional: bool
    source: str
    name: Personal[str]
    email: Personal[str | None] = None
    phone: Personal[str | None] = None
    company: Personal[str | None] = None
    interest: Personal[str | None] = None


class LeadQualified(Fact, frozen=True, tag="crm.sales.lead-qualified.v1"):
    summary = "Lead qualified: worth pursuing"


class LeadDisqualified(Fact, frozen=True, tag="crm.sales.lead-disqualified.v1"):
    """`reason` is one of a list, so that statistics survive an erasure; what is told about the person is the note."""

    summary = "Lead disqualified: {reason}"
    reason: str
    note: Personal[str | None] = None


class LeadConverted(Fact, frozen=True, tag="crm.sales.lead-converted.v1"):
    summary = "Lead became an opportunity"
    contact: UUID
    opportunity: UUID


LeadFact: TypeAlias = LeadCaptured | LeadQualified | LeadDisqualified | LeadConverted


# Opportunities: a deal that may be won. Probabilities are whole per cent.


class OpportunityOpened(Fact, frozen=True, tag="crm.sales.opportunity-opened.v1"):
    summary = "Opportunity opened: {title}, {amount}, in {stage}"
    contact: UUID
    title: Personal[str]
    amount: Money
    pipeline: str
    pipeline_version: int
    stage: str
    probability: int
    probability_overridden: bool
    category: str
    lead: UUID | None = None
    close_on: date | None = None


class OpportunityStageChanged(Fact, frozen=True, tag="crm.sales.opportunity-stage-changed.v1"):
    summary = "Moved from {from_stage} to {to_stage}, now at {probability} %"
    from_stage: str
    to_stage: str
    pipeline_version: int
    probability: int
    probability_overridden: bool
    category: str


class OpportunityProbabilityChanged(Fact, frozen=True, tag="crm.sales.opportunity-probability-changed.v1"):
    """`overridden`: somebody judged it; otherwise it went back to what the stage says."""

    summary = "Chances reconsidered: {was} % became {probability} %"
    was: int
    probability: int
    overridden: bool


class OpportunityAmountChanged(Fact, frozen=True, tag="crm.sales.opportunity-amount-changed.v1"):
    summary = "Amount changed from {was} to {amount}"
    was: Money
    amount: Money


class OpportunityWon(Fact, frozen=True, tag="crm.sales.opportunity-won.v1"):
    summary = "Won: {amount}"
    amount: Money


class OpportunityLost(Fact, frozen=True, tag="crm.sales.opportunity-lost.v1"):
    """`reason` is one of a list, so that statistics survive an erasure; what is told about the person is the note."""

    summary = "Lost {amount}: {reason}"
    amount: Money
    reason: str
    competitor: str | None = None
    note: Personal[str | None] = None


class OpportunityReopened(Fact, frozen=True, tag="crm.sales.opportunity-reopened.v1"):
    summary = "Back in play: reopened in {stage} at {probability} %"
    stage: str
    pipeline_version: int
    probability: int
    probability_overridden: bool
    category: str


OpportunityFact: TypeAlias = (
    OpportunityOpened
    | OpportunityStageChanged
    | OpportunityProbabilityChanged
    | OpportunityAmountChanged
    | OpportunityWon
    | OpportunityLost
    | OpportunityReopened
)


# Pipelines: the stages a deal moves through, as configured from a moment on.


class Stage(Struct, frozen=True):
    """One step of a pipeline; `probability` in per cent, 1 to 99; `category` is the forecast category."""

    name: str
    probability: int
    category: str


class PipelineDefined(Fact, frozen=True, tag="crm.sales.pipeline-defined.v1"):
    """`replaced` names, for each stage of the version before that is gone, the stage its deals are now in."""

    summary = "Pipeline {pipeline} has version {pipeline_version}"
    pipeline: str
    pipeline_version: int
    stages: tuple[Stage, ...]
    replaced: dict[str, str] = {}


# Privacy.


class ErasureAcknowledged(Fact, frozen=True, tag="crm.sales.erasure-acknowledged.v1"):
    summary = "Sales has forgotten this person"
    contact: UUID
