"""HTTP in, commands and queries out, one module per noun. No rule lives here."""

from crm.sales.api import leads, opportunities, pipelines

routers = (leads.router, opportunities.router, pipelines.router)
