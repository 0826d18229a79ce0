"""HTTP in, commands and queries out. No rule lives here."""

from crm.service_desk.api import tickets

routers = (tickets.router,)
