"""The analytics service, declared."""

from importlib.resources import files

from crm.analytics.activity import activity
from crm.analytics.api import routers
from crm.analytics.live import live
from crm.analytics.milestones import campaign_names, milestones
from crm.analytics.views import aliases
from crm.chassis.service import Service
from crm.events.analytics import ErasureAcknowledged

service = Service(
    "analytics",
    purpose="Numbers about everything that happens: activity, the funnel from mail to deal, and the last hour live.",
    aggregates=(),  # it writes no facts about customers
    views=(activity, milestones, campaign_names, aliases),
    routers=routers,
    erasure_acknowledged=ErasureAcknowledged,
    migrations=(files("crm.analytics") / "sql",),
    roles={"live": live},
)
