"""The declaration of a service: all of it in one place, from which app, processes, documents and CLI follow."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from typing import Any

from fastapi import APIRouter

from crm.chassis.acknowledging import Acknowledgements
from crm.chassis.decider import Aggregate
from crm.chassis.keys import Keys
from crm.chassis.log import ClaimFacts, EventLog, Store
from crm.chassis.policy import Policy
from crm.chassis.projection import View
from crm.chassis.runtime import Runtime
from crm.chassis.timers import Timer
from crm.events import Fact


@dataclass(frozen=True)
class Service:
    """A service. Its name is also its topic's, its log's and its fact types': `crm.<name>.…`."""

    name: str
    purpose: str
    """One sentence for its canvas and its OpenAPI document."""
    aggregates: tuple[Aggregate[Any, Any], ...]
    routers: tuple[APIRouter, ...]
    erasure_acknowledged: type[Fact]
    """The service's own fact with one field `contact`, recorded once its views have forgotten a person."""
    views: tuple[View[Any], ...] = ()
    policies: tuple[Policy, ...] = ()
    timers: tuple[Timer, ...] = ()
    claim_facts: ClaimFacts | None = None
    migrations: tuple[Traversable, ...] = ()
    """Folders of SQL files for tables that are not views."""
    public: tuple[str, ...] = ()
    """Paths that need no token, each on purpose."""

    measures: tuple[Callable[[Runtime], None], ...] = ()
    """What else the projector measures from time to time, from the service's own tables."""
    roles: Mapping[str, Callable[[Runtime, threading.Event], None]] = field(default_factory=dict)
    """Roles only this service has, such as a live window, by name."""

    def log(self, store: Store, keys: Keys) -> EventLog:
        """The log of this service over some store."""
        return EventLog(self.name, store, keys, self.claim_facts)

    @property
    def acknowledgements(self) -> Acknowledgements:
        return Acknowledgements(self.name, self.erasure_acknowledged)

    @property
    def foreign(self) -> frozenset[str]:
        """The services whose facts it reads from Kafka."""
        views = frozenset(each for view in self.views for each in view.services)
        policies = frozenset(each.split(".", 2)[1] for policy in self.policies for each in policy.types)
        return (views | policies) - {self.name}

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document of its HTTP side."""
        from crm.chassis.api import description_of

        return description_of(self)

    def main(self) -> None:
        """The command line of the service: `python -m crm.<service> ROLE …`."""
        from crm.chassis.roles import run_from_command_line  # imported late: tests of rules need no servers

        run_from_command_line(self)
