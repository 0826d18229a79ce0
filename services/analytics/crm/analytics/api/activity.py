"""Activity over HTTP: facts per day, service and type."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from fastapi import Query

from crm.analytics.activity import Activity, Days, Totals, activity, add_up, find
from crm.analytics.api.fields import CanReadAnalytics, Deployment, FirstDay, LastDay, Standing, standing
from crm.chassis.http import PageQuery, ReadModel, Router, reads

router = Router(prefix="/activity", tags=["activity"])

ServiceName: TypeAlias = Literal["contacts", "sales", "service-desk", "campaigns", "analytics"]
TypeName: TypeAlias = Annotated[
    str | None, Query(pattern=r"^crm\.[a-z.0-9-]+$", max_length=120, description="A CloudEvents type.")
]


@dataclass(frozen=True)
class ActivityAnswer(Standing):
    """Counts, the latest day first; totals are over all that was asked for, not only this page."""

    totals: Totals
    items: tuple[Activity, ...]
    next: str | None


@router.get("", dependencies=[reads(activity)])
def get_activity(
    page: PageQuery,
    db: ReadModel,
    settings: Deployment,
    agent: CanReadAnalytics,
    first: FirstDay = None,
    last: LastDay = None,
    service: ServiceName | None = None,
    type: TypeName = None,
) -> ActivityAnswer:
    """How many facts occurred on which day, by service and type."""
    asked = Days(first, last, service, type)
    stands = standing(db, settings, activity)
    found = find(db, asked, page)
    return ActivityAnswer(stands.definition, stands.as_of, stands.freshness, add_up(db, asked), found.items, found.next)
