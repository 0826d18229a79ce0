"""The sales service, declared."""

from crm.chassis.service import Service
from crm.events.sales import ErasureAcknowledged
from crm.sales.api import routers
from crm.sales.board import board
from crm.sales.lead import leads
from crm.sales.lead_list import lead_list
from crm.sales.opportunity import opportunities
from crm.sales.people import aliases, holders, known_contacts
from crm.sales.pipeline import pipelines

service = Service(
    "sales",
    purpose="Leads, opportunities and the pipelines they move through.",
    aggregates=(leads, opportunities, pipelines),
    views=(lead_list, board, aliases, holders, known_contacts),
    routers=routers,
    erasure_acknowledged=ErasureAcknowledged,
)
