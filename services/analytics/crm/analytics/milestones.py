"""Milestones: when a contact first got, clicked, considered and bought. What the funnel is made of.

One row per contact, step and what it was about, with the earliest moment it occurred, so it does not depend on the
order in which facts come (A9). Kept under the contact id that the fact names (A8), and nothing else about the person
(A10).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

from crm.chassis.projection import View
from crm.events import Fact, Recorded
from crm.events.campaigns import CampaignPlanned, LinkClicked, MessageSent
from crm.events.sales import OpportunityOpened, OpportunityWon

Step: TypeAlias = Literal["sent", "clicked", "opportunity", "won"]
Key: TypeAlias = tuple[UUID, Step, UUID]


@dataclass(frozen=True)
class Milestone:
    """The first time something happened with a contact. `about`: the campaign of a mail, or the opportunity."""

    contact_id: UUID
    step: Step
    about: UUID
    first_at: datetime


milestones = View("milestones", Milestone, key=("contact_id", "step", "about"), version=1, indexes=("step, about",))


def passed(e: Recorded[MessageSent | LinkClicked | OpportunityOpened | OpportunityWon]) -> list[Key]:
    """The milestones a fact may be, one per contact it is about."""
    match e.fact:
        case MessageSent(campaign=campaign):
            return [(contact, "sent", campaign) for contact in e.contact_ids]
        case LinkClicked(campaign=campaign):
            return [(contact, "clicked", campaign) for contact in e.contact_ids]
        case OpportunityOpened():
            return [(contact, "opportunity", e.stream) for contact in e.contact_ids]
        case OpportunityWon():
            return [(contact, "won", e.stream) for contact in e.contact_ids]


@milestones.on(MessageSent, LinkClicked, OpportunityOpened, OpportunityWon, keys=passed)
def reach(row: Milestone | None, e: Recorded[Fact], key: Key) -> Milestone:
    return row if row and row.first_at <= e.occurred_at else Milestone(*key, first_at=e.occurred_at)


@dataclass(frozen=True)
class CampaignName:
    """What a campaign is called."""

    campaign: UUID
    name: str


campaign_names = View("campaign_names", CampaignName, key="campaign", version=1)


@campaign_names.on(CampaignPlanned)
def call(_: CampaignName | None, e: Recorded[CampaignPlanned]) -> CampaignName:
    return CampaignName(e.stream, e.fact.name)
