"""How the world gets in: queries only. No rule lives here."""

from crm.analytics.api import activity, funnel, live
from crm.analytics.views import aliases
from crm.chassis.people.exporting import exporting

routers = (activity.router, funnel.router, live.router, exporting("analytics", aliases))
