"""Who may do what in campaigns."""

from typing import Annotated

from crm.chassis.auth import Agent, allowed

CanReadCampaigns = Annotated[Agent, allowed("campaigns:read")]
CanPlanCampaigns = Annotated[Agent, allowed("campaigns:write")]
CanSendCampaigns = Annotated[Agent, allowed("campaigns:send")]
