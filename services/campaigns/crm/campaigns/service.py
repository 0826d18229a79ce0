"""The campaigns service, declared."""

from crm.campaigns.api import PUBLIC, routers
from crm.campaigns.campaign import campaigns
from crm.campaigns.campaign_list import campaign_list
from crm.campaigns.confirming import confirming
from crm.campaigns.funnel import funnels
from crm.campaigns.message import messages
from crm.campaigns.notice import notices
from crm.campaigns.people import COPIES
from crm.campaigns.planning import planning
from crm.campaigns.recipient_list import recipient_list
from crm.campaigns.resolution import resolutions
from crm.campaigns.sending import sending
from crm.campaigns.suppression import suppressions
from crm.chassis.service import Service
from crm.events.campaigns import ErasureAcknowledged

service = Service(
    "campaigns",
    purpose="Mailings to people who agreed to them, and what became of every single message.",
    aggregates=(campaigns, resolutions, messages, suppressions, notices),
    views=(campaign_list, funnels, recipient_list, *COPIES),
    policies=(planning, sending, confirming),
    routers=routers,
    public=PUBLIC,
    erasure_acknowledged=ErasureAcknowledged,
)
