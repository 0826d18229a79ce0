"""Who may do what at the service desk."""

from typing import Annotated

from crm.chassis.auth import Agent, allowed

CanReadTickets = Annotated[Agent, allowed("service-desk:read")]
CanHelp = Annotated[Agent, allowed("service-desk:write")]
