"""Campaigns over HTTP: plan, start, complete, and how far they came."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Literal, TypeAlias
from uuid import UUID, uuid4

from pydantic import BaseModel, Field, StringConstraints

from crm.campaigns import campaign_list as listing
from crm.campaigns.api.permissions import CanPlanCampaigns, CanReadCampaigns, CanSendCampaigns
from crm.campaigns.campaign import CampaignStatus, campaigns, complete, plan, start
from crm.campaigns.campaign_list import CampaignRow, campaign_list
from crm.campaigns.funnel import Funnel, funnel_of, funnels, funnels_of
from crm.campaigns.people import COPIES
from crm.chassis.decider import Rejected
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
    part,
    reads,
)
from crm.chassis.settings import Settings
from crm.events.campaigns import Audience

router = Router(prefix="/campaigns", tags=["campaigns"])

Purpose: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]
"""What people agree to, or not, such as `marketing`."""
Line: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class ForWhom(BaseModel, extra="forbid"):
    """Everybody known of whom all holds that is given."""

    consent: Purpose | None = Field(None, description="A purpose they must have agreed to by e-mail.")
    country: str | None = Field(None, pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2, of the postal address.")
    name_contains: Line | None = None
    contacts: list[UUID] | None = Field(None, min_length=1, max_length=1_000)

    def as_fact(self) -> Audience:
        return Audience(self.consent, self.country, self.name_contains, tuple(sorted(set(self.contacts or ()))))


class PlanCampaign(BaseModel, extra="forbid"):
    """Subject and text may have the fields {name}, {first_name}, {last_name}, {email}, {city} and {country}.

    The text may say with {unsubscribe_link} where that link stands; otherwise it is added at the end.
    """

    name: Line
    subject: Line = Field(examples=["{first_name}, three new bikes"])
    text: str = Field(
        min_length=1, max_length=20_000, examples=["Dear {first_name},\n\nlook: https://shop.example/new"]
    )
    purpose: Purpose = "marketing"
    audience: ForWhom = Field(default_factory=lambda: ForWhom.model_validate({}))


@dataclass(frozen=True)
class CampaignAnswer:
    """A campaign. `stopped`: it was ended before every message had its turn."""

    id: UUID
    name: str
    subject: str
    text: str
    purpose: str
    audience: ForWhom
    status: CampaignStatus
    stopped: bool
    funnel: Funnel


@dataclass(frozen=True)
class Listed:
    """A campaign in the list, with how many messages came how far. Times are UTC."""

    id: UUID
    name: str
    subject: str
    purpose: str
    status: CampaignStatus
    outcome: Literal["finished", "stopped"] | None
    planned_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    version: int
    funnel: Funnel

    @classmethod
    def of(cls, row: CampaignRow, funnel: Funnel) -> "Listed":
        return cls(**vars(row), funnel=funnel)


@router.post("")
def post_campaign(body: PlanCampaign, log: Log, agent: CanPlanCampaigns) -> Created:
    """Plans a mailing; nothing is sent before it is started."""
    command = partial(
        plan,
        name=body.name,
        subject=body.subject,
        text=body.text,
        purpose=body.purpose,
        audience=body.audience.as_fact(),
    )
    return Created(log.execute(campaigns, uuid4(), command), "/campaigns/{id}")


@router.get("", dependencies=[reads(campaign_list, funnels)])
def get_campaigns(
    page: PageQuery, db: ReadModel, agent: CanReadCampaigns, status: CampaignStatus | None = None
) -> Page[Listed]:
    """Campaigns, the newest first."""
    found = listing.find(db, status, page)
    counted = funnels_of(db, [each.id for each in found.items])
    return Page(tuple(Listed.of(each, counted[each.id]) for each in found.items), found.next)


@router.get("/{campaign}", dependencies=[reads(funnels)])
def get_campaign(campaign: UUID, db: ReadModel, streams: Streams, agent: CanReadCampaigns) -> Versioned[CampaignAnswer]:
    """A campaign, never stale; its counts follow a moment later."""
    folded = streams.get(campaigns, campaign)
    state = folded.state
    asked = state.audience
    answer = CampaignAnswer(
        id=campaign,
        name=state.name,
        subject=state.subject,
        text=state.text,
        purpose=state.purpose,
        audience=ForWhom.model_construct(
            consent=asked.consent,
            country=asked.country,
            name_contains=asked.name_contains,
            contacts=list(asked.contacts) or None,
        ),
        status=state.status,
        stopped=state.stopped,
        funnel=funnel_of(db, campaign),
    )
    return Versioned(answer, folded.version, folded.token)


@router.post("/{campaign}/start", dependencies=[reads(*COPIES)])
def post_start(
    campaign: UUID,
    log: Log,
    agent: CanSendCampaigns,
    expected: IfMatch,
    settings: Annotated[Settings, part(Settings)],
) -> Written:
    """Starts sending to everybody in the audience. With `If-Consistent-With` it starts once that is known here."""
    if not settings.public_url:
        raise Rejected("Nobody could unsubscribe: tell this service where it is reached (RAPPORT_PUBLIC_URL).")
    return log.execute(campaigns, campaign, start, expected)


@router.post("/{campaign}/complete")
def post_complete(campaign: UUID, log: Log, agent: CanSendCampaigns, expected: IfMatch) -> Written:
    """Stops a campaign: what is still waiting is not sent. One that has sent all completes by itself."""
    return log.execute(campaigns, campaign, complete, expected)
