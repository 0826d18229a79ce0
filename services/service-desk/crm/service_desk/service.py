"""The service desk, declared."""

from crm.chassis.service import Service
from crm.chassis.timers import Timer
from crm.events.service_desk import ErasureAcknowledged
from crm.service_desk.api import routers
from crm.service_desk.inbox import inbox
from crm.service_desk.number import MIGRATIONS
from crm.service_desk.people import aliases, holders, known_contacts
from crm.service_desk.solution import close_when_due
from crm.service_desk.ticket import AUTO_CLOSE, tickets

service = Service(
    "service-desk",
    purpose="Tickets: what customers ask for help with, from the first message to the answer that stands.",
    aggregates=(tickets,),
    views=(inbox, aliases, holders, known_contacts),
    timers=(Timer(AUTO_CLOSE, tickets, close_when_due),),
    routers=routers,
    migrations=(MIGRATIONS,),
    erasure_acknowledged=ErasureAcknowledged,
)
