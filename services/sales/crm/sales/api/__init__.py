"""HTTP in, commands and queries out, one module per noun. No rule lives here."""

from crm.chassis.people.exporting import exporting
from crm.sales.api import leads, opportunities, pipelines
from crm.sales.people import aliases

routers = (leads.router, opportunities.router, pipelines.router, exporting("sales", aliases))
