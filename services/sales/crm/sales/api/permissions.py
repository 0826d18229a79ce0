"""Who may do what in sales."""

from typing import Annotated

from crm.chassis.auth import Agent, allowed

CanReadSales = Annotated[Agent, allowed("sales:read")]
CanSell = Annotated[Agent, allowed("sales:write")]
CanConfigureSales = Annotated[Agent, allowed("sales:configure")]
