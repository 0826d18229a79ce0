"""The funnel over HTTP: sent, clicked, opportunity, won."""

from dataclasses import dataclass
from uuid import UUID

from crm.analytics.api.fields import CanReadAnalytics, Deployment, FirstDay, LastDay, Standing, standing
from crm.analytics.funnel import CampaignFunnel, Steps, find
from crm.analytics.milestones import campaign_names, milestones
from crm.analytics.views import aliases
from crm.chassis.http import PageQuery, ReadModel, Router, reads
from crm.chassis.paging import from_cursor, to_cursor

router = Router(prefix="/funnel", tags=["funnel"])

_ORDER = "campaign"


@dataclass(frozen=True)
class FunnelAnswer(Standing):
    """People by step. Several ids of one person, as known at `as_of`, count once; overall, so do several campaigns."""

    overall: Steps
    campaigns: tuple[CampaignFunnel, ...]
    next: str | None


@router.get("", dependencies=[reads(milestones, campaign_names, aliases)])
def get_funnel(
    page: PageQuery,
    db: ReadModel,
    settings: Deployment,
    agent: CanReadAnalytics,
    campaign: UUID | None = None,
    first: FirstDay = None,
    last: LastDay = None,
) -> FunnelAnswer:
    """Of the people whose first mail of a campaign was sent on these days: how many came how far, until now."""
    stands = standing(db, settings, milestones, campaign_names, aliases)
    found = find(db, campaign=campaign, first=first, last=last)
    after = from_cursor(page.cursor, _ORDER, (UUID,))[0] if page.cursor else None
    rest = [each for each in found.campaigns if after is None or each.campaign > after]
    items = tuple(rest[: page.limit])
    following = to_cursor(_ORDER, (items[-1].campaign,)) if len(rest) > page.limit else None
    return FunnelAnswer(stands.definition, stands.as_of, stands.freshness, found.overall, items, following)
