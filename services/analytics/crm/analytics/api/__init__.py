"""How the world gets in: queries only. No rule lives here."""

from crm.analytics.api import activity, funnel, live

routers = (activity.router, funnel.router, live.router)
