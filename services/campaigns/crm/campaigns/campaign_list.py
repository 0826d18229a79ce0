"""The campaign list: one row per campaign, the newest first."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from crm.campaigns.campaign import CampaignStatus
from crm.chassis.projection import Db, Page, PageRequest, View
from crm.events import Recorded
from crm.events.campaigns import CampaignCompleted, CampaignPlanned, CampaignStarted


@dataclass(frozen=True)
class CampaignRow:
    """`version` is the one to send as If-Match. Times are UTC."""

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


campaign_list = View(
    "campaign_list", CampaignRow, key="id", version=1, indexes=("planned_at, id", "status, planned_at, id")
)


@campaign_list.on(CampaignPlanned)
def add(_: CampaignRow | None, e: Recorded[CampaignPlanned]) -> CampaignRow:
    f = e.fact
    return CampaignRow(e.stream, f.name, f.subject, f.purpose, "planned", None, e.occurred_at, None, None, e.version)


@campaign_list.on(CampaignStarted)
def start(row: CampaignRow, e: Recorded[CampaignStarted]) -> CampaignRow:
    return replace(row, status="running", started_at=e.occurred_at, version=e.version)


@campaign_list.on(CampaignCompleted)
def complete(row: CampaignRow, e: Recorded[CampaignCompleted]) -> CampaignRow:
    return replace(row, status="completed", outcome=e.fact.outcome, completed_at=e.occurred_at, version=e.version)


def find(db: Db, status: CampaignStatus | None, page: PageRequest) -> Page[CampaignRow]:
    """Campaigns, the newest first; only those with a status, where given."""
    where, params = ("status = %s", (status,)) if status else ("true", ())
    return campaign_list.page(db, where, params, order_by=("planned_at DESC", "id DESC"), page=page)
