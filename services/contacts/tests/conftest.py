"""Contacts over a log in memory, or over a database of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import Api, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, MemoryStore
from crm.chassis.migrations import migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.views import from_log
from crm.contacts.service import service
from crm.events import Position


@pytest.fixture
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def log(keys: MemoryKeys) -> EventLog:
    return service.log(MemoryStore(), keys)


@pytest.fixture
def do(log: EventLog) -> Commands:
    return log.commands(Context("user:ada"))


@pytest.fixture
def settings() -> Settings:
    return Settings(database="", keyring="", master_key=bytes(32), region="DE")


@pytest.fixture
def runtime(log: EventLog, keys: MemoryKeys, settings: Settings) -> Runtime:
    return cast(Runtime, SimpleNamespace(log=log, keys=keys, settings=settings))


@pytest.fixture
def db(database: str) -> Iterator[Database]:
    migrate(database)
    opened = Database(database)
    yield opened
    opened.close()


def client_of(folder: Path, log: EventLog, settings: Settings, **parts: Any) -> TestClient:
    """A client of the service's app that may do everything with contacts."""
    issuer = LocalIssuer(folder / "issuer")
    app = create_app(
        Api(
            title="contacts",
            version="1",
            routers=service.routers,
            verifier=issuer.verifier(),
            log=log,
            parts=(settings,),
            **parts,
        )
    )
    return TestClient(app, headers={"Authorization": f"Bearer {issuer.issue('ada', ['contacts:*'])}"})


@pytest.fixture
def api(tmp_path: Path, log: EventLog, settings: Settings) -> Iterator[TestClient]:
    """The service's app over a log in memory, without a database: queries of views answer 503."""
    with client_of(tmp_path, log, settings) as client:
        yield client


@pytest.fixture
def registered(api: TestClient) -> Callable[..., UUID]:
    """Registers somebody over HTTP and returns the id."""

    def register(name: str = "Ada Lovelace", **more: Any) -> UUID:
        answer = api.post("/contacts", json={"name": name, **more}).raise_for_status()
        return UUID(answer.json()["id"])

    return register


class Projector:
    """All views of contacts over the log in memory, fed on demand."""

    def __init__(self, db: Database, log: EventLog) -> None:
        with db.connection() as connection:
            prepare(connection, service.views)
        self._log = log
        self._read: Position | None = None
        self._feeds = [Feed(db, view, "contacts", log.keys) for view in service.views]
        for feed in self._feeds:
            feed.open()

    def catch_up(self) -> None:
        """Shows everything that is in the log."""
        while facts := self._log.read(self._read, 1_000):
            self._read = facts[-1].position
            for feed in self._feeds:
                feed.take(from_log(facts))


@pytest.fixture
def views(db: Database, log: EventLog) -> Projector:
    return Projector(db, log)


@pytest.fixture
def suite(tmp_path: Path, log: EventLog, settings: Settings, db: Database, views: Projector) -> Iterator[TestClient]:
    """The service's app with its views; they show what was written after `views.catch_up()`."""
    waiter = Waiter(ViewConsistency(db, service.views), timeout_s=0.1)
    with client_of(tmp_path, log, settings, database=db, waiter=waiter) as client:
        yield client
