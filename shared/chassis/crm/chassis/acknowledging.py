"""Acknowledging an erasure: a fact of each service, once all its views and caches have forgotten the person (E15)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID, uuid5

from crm.chassis.decider import Aggregate
from crm.chassis.log import Context, EventLog, Written
from crm.events import Fact

_NAMESPACE = UUID("6f1f5f0e-2c57-4d0b-9f33-5f7d3b0a6a11")


@dataclass(frozen=True)
class Acknowledgements:
    """The acknowledgements of one service: a tiny stream per contact. The fact has one field, `contact`."""

    service: str
    fact: type[Fact]

    @property
    def aggregate(self) -> Aggregate[UUID, Any]:
        return Aggregate(
            "erasure-acknowledgement", self.fact, lambda _, fact: fact.contact, about=lambda _, contact: (contact,)
        )

    def stream(self, contact: UUID) -> UUID:
        """Where a contact's acknowledgement is recorded."""
        return uuid5(_NAMESPACE, f"{self.service}:{contact}")

    def acknowledge(self, log: EventLog, contact: UUID) -> Written:
        """Records the acknowledgement; a second time it does nothing."""
        decide = partial(_acknowledge, fact=self.fact, contact=contact)
        context = Context(actor=f"service:{self.service}", channel="api")
        return log.commands(context).execute(self.aggregate, self.stream(contact), decide)


def _acknowledge(known: UUID | None, *, fact: Callable[..., Fact], contact: UUID) -> Fact | None:
    return None if known is not None else fact(contact=contact)
