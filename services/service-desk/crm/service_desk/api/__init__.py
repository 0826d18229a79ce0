"""HTTP in, commands and queries out. No rule lives here."""

from crm.chassis.people.exporting import exporting
from crm.service_desk.api import tickets
from crm.service_desk.people import aliases

routers = (tickets.router, exporting("service-desk", aliases))
