"""What happens in the analytics service. It reads the facts of all others and writes none about customers."""

from uuid import UUID

from crm.events.fact import Fact


class ErasureAcknowledged(Fact, frozen=True, tag="crm.analytics.erasure-acknowledged.v1"):
    summary = "Analytics has forgotten this person"
    contact: UUID
