"""Contacts over a log in memory, with views in a real database or without any."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, PostgresStore
from crm.chassis.runtime import Runtime
from crm.chassis.service import Service
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.contacts.service import service

from .importer import Importer


@pytest.fixture
def declared() -> Service:
    return service


@pytest.fixture
def do(log: EventLog) -> Commands:
    return log.commands(Context("user:ada"))


@pytest.fixture
def settings() -> Settings:
    return Settings(database="", keyring="", master_key=bytes(32), region="DE")


@pytest.fixture
def runtime(log: EventLog, keys: MemoryKeys, settings: Settings) -> Runtime:
    """What policies are handed, but for a database: they need none."""
    return cast(Runtime, SimpleNamespace(log=log, keys=keys, settings=settings))


def client_of(folder: Path, log: EventLog, settings: Settings, database: Database | None = None) -> TestClient:
    """A client of the service's app that may do everything with contacts."""
    issuer = LocalIssuer(folder / "issuer")
    api = services.api_of(service, issuer, log, settings, database)
    return services.client_of(api, issuer.issue("ada", ["contacts:*"]))


@pytest.fixture
def api(tmp_path: Path, log: EventLog, settings: Settings) -> Iterator[TestClient]:
    """The service's app over a log in memory, without a database: queries of views answer 503."""
    with client_of(tmp_path, log, settings) as client:
        yield client


@pytest.fixture
def suite(
    tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: services.Projector
) -> Iterator[TestClient]:
    """The service's app with its views; they show what was written after `views.catch_up()`."""
    with client_of(tmp_path, log, settings, db) as client:
        yield client


@pytest.fixture
def as_agent(tmp_path: Path, log: EventLog, settings: Settings) -> Callable[..., TestClient]:
    """A client of somebody else, who may do just what is named; over the same log, without views."""

    def client(subject: str, *permissions: str, database: Database | None = None) -> TestClient:
        issuer = LocalIssuer(tmp_path / "issuer")
        api = services.api_of(service, issuer, log, settings, database)
        return services.client_of(api, issuer.issue(subject, permissions))

    return client


@pytest.fixture
def registered(api: TestClient) -> Callable[..., UUID]:
    """Registers somebody over HTTP and returns the id."""

    def register(name: str = "Ada Lovelace", **more: Any) -> UUID:
        answer = api.post("/contacts", json={"name": name, **more}).raise_for_status()
        return UUID(answer.json()["id"])

    return register


@pytest.fixture
def importer(tmp_path: Path, settings: Settings, db: Database, keys: MemoryKeys) -> Importer:
    """Somebody who imports, over a log in PostgreSQL."""
    log = service.log(PostgresStore(db), keys)
    client = client_of(tmp_path, log, settings, db)
    return Importer(client, Runtime(settings, db, keys, log), services.Projector(service, db, log))
