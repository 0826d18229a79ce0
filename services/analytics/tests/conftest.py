"""Analytics with views in a real database, told facts of all services by hand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.analytics.service import service
from crm.chassis.database import Database
from crm.chassis.http import Api
from crm.chassis.log import EventLog
from crm.chassis.service import Service
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.views import Records
from crm.events import Fact

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ear(services.Projector):
    """All views of analytics, told what happens in other services, and what is in the own log."""

    def __init__(self, db: Database, log: EventLog) -> None:
        super().__init__(service, db, log)
        self.records = Records(log.keys)

    def tell(
        self,
        *facts: Fact,
        stream: UUID | None = None,
        about: Sequence[UUID] = (),
        hours: float = 0,
    ) -> UUID:
        """Facts arrive that occurred so many hours after noon on the stream of something."""
        stream = stream or uuid4()
        subject = about[0] if about else stream
        moment = NOON + timedelta(hours=hours)
        sealed = self.records.record(stream, *facts, subject=subject, contact_ids=about, occurred_at=moment)
        self.hear(sealed)
        return stream


@pytest.fixture
def declared() -> Service:
    return service


@pytest.fixture
def permissions() -> tuple[str, ...]:
    return ("analytics:read",)


@pytest.fixture
def ear(db: Database, log: EventLog) -> Ear:
    return Ear(db, log)


@pytest.fixture
def views(ear: Ear) -> services.Projector:
    return ear


@pytest.fixture
def client_of(api: Api, token: str) -> Iterator[Callable[[Settings], TestClient]]:
    """Makes a client of the service's app with some settings."""
    with ExitStack() as clients:
        yield lambda settings: clients.enter_context(services.client_of(replace(api, parts=(settings,)), token))


@pytest.fixture
def ask(client: TestClient) -> Callable[..., Any]:
    """Asks for numbers and returns the answer; `from` is given as `first`, `to` as `last`."""

    def ask(path: str, **params: Any) -> Any:
        named = {"first": "from", "last": "to"}
        response = client.get(path, params={named.get(name, name): str(each) for name, each in params.items()})
        assert response.status_code == 200, response.text
        return response.json()

    return ask
