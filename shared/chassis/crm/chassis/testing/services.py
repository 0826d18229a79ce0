"""pytest fixtures for the tests of a service: `pytest_plugins = ["crm.chassis.testing.services"]`.

Its log is in memory, its views are in a real database and kept up to date by hand, its app is asked over HTTP. What is
particular to a service its conftest says: `declared` is its `Service`, `permissions` what the caller of its app has.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import Api, News, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare, sources_of
from crm.chassis.runtime import Runtime
from crm.chassis.service import Service
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Position, Sealed


class Databases:
    """One database per service for the whole run, made when first asked for: that takes longer than most tests."""

    def __init__(self, server: PostgresBackend) -> None:
        self._server = server
        self._dsns: dict[str, str] = {}

    def of(self, service: Service) -> str:
        """The URL of the service's migrated database."""
        if service.name not in self._dsns:
            dsn = self._server.fresh_database()
            migrate(dsn, (CHASSIS, *service.migrations))
            self._dsns[service.name] = dsn
        return self._dsns[service.name]


def empty(db: Database) -> None:
    """Deletes the rows of all tables, but for which migrations were applied."""
    with db.connection() as connection:
        tables = connection.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'migrations'"
        ).fetchone()
        assert tables
        connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE".encode())


class Projector:
    """All views of a service, fed on demand: from its own log, and with facts of other services."""

    def __init__(self, service: Service, db: Database, log: EventLog) -> None:
        with db.connection() as connection:
            prepare(connection, service.views)
        self._own = service.name
        self._log = log
        self._read: Position | None = None
        self._heard: dict[str, int] = {}
        self._feeds: dict[str, list[Feed]] = {}
        for view in service.views:
            for source in sources_of(view):
                feed = Feed(db, view, source, log.keys)
                feed.open()
                self._feeds.setdefault(source, []).append(feed)

    def catch_up(self) -> None:
        """Shows everything that is in the log of the service."""
        while facts := self._log.read(self._read, 1_000):
            self._read = facts[-1].position
            for feed in self._feeds[self._own]:
                feed.take(from_log(facts))

    def hear(self, facts: Sequence[Sealed]) -> None:
        """Facts of other services arrive. Raises `KeyError` if no view follows such a service."""
        for source, group in groupby(facts, key=lambda fact: fact.service):
            arrived, first = list(group), self._heard.get(source, 0)
            self._heard[source] = first + len(arrived)
            for feed in self._feeds[source]:
                feed.take(from_topic(arrived, first=first))


def api_of(
    service: Service, issuer: LocalIssuer, log: EventLog, settings: Settings, database: Database | None = None
) -> Api:
    """What the service offers over HTTP. Without a database what reads views answers 503."""
    return Api(
        title=service.name,
        version="1",
        routers=service.routers,
        verifier=issuer.verifier(),
        log=log,
        database=database,
        waiter=Waiter(ViewConsistency(database, service.views), timeout_s=1.0) if database else None,
        news=News(database) if database else None,
        public=service.public,
        parts=(settings,),
    )


def client_of(api: Api, token: str) -> TestClient:
    """Who calls the API with this token."""
    return TestClient(create_app(api), headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="session")
def databases(postgres_server: PostgresBackend) -> Databases:
    """The databases of the services whose tests are run."""
    return Databases(postgres_server)  # the backend drops them with the rest


@pytest.fixture
def db(databases: Databases, declared: Service) -> Iterator[Database]:
    """The service's database, without any rows."""
    opened = Database(databases.of(declared))
    empty(opened)
    yield opened
    opened.close()


@pytest.fixture
def keys() -> MemoryKeys:
    """The keys of everybody's personal values."""
    return MemoryKeys()


@pytest.fixture
def log(declared: Service, keys: MemoryKeys) -> EventLog:
    """The service's log, in memory."""
    return declared.log(MemoryStore(), keys)


@pytest.fixture
def views(declared: Service, db: Database, log: EventLog) -> Projector:
    """The service's views; they show what was written after `views.catch_up()`."""
    return Projector(declared, db, log)


@pytest.fixture
def contacts(log: EventLog) -> Records:
    """The log of contacts, for a service that follows it."""
    return Records(log.keys)


@pytest.fixture
def settings(db: Database) -> Settings:
    """Nothing but what is required; there is no Kafka."""
    return Settings.model_validate({"database": db.dsn, "keyring": db.dsn, "master_key": bytes(32)})


@pytest.fixture
def runtime(settings: Settings, db: Database, log: EventLog) -> Runtime:
    """What policies and roles are handed."""
    return Runtime(settings, db, log.keys, log)


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    """Who makes the tokens that the app accepts."""
    return LocalIssuer(tmp_path / "issuer")


@pytest.fixture
def token(issuer: LocalIssuer, permissions: Sequence[str]) -> str:
    """Kim's."""
    return issuer.issue("kim", permissions)


@pytest.fixture
def api(
    declared: Service, issuer: LocalIssuer, log: EventLog, settings: Settings, db: Database, views: Projector
) -> Api:
    """The service's API with its views."""
    return api_of(declared, issuer, log, settings, db)


@pytest.fixture
def client(api: Api, token: str) -> Iterator[TestClient]:
    """Kim, calling the service."""
    with client_of(api, token) as client:
        yield client


@pytest.fixture
def post(client: TestClient) -> Callable[..., Any]:
    """Posts a body and returns the answer; it must succeed."""

    def post(path: str, **body: Any) -> Any:
        response = client.post(path, json=body)
        assert response.is_success, response.text
        return response.json()

    return post


@pytest.fixture
def types_of(log: EventLog) -> Callable[[UUID | str], list[str]]:
    """The names of the facts on a stream."""
    return lambda stream: [type(each.fact).__name__ for each in log.stream(UUID(str(stream)))]
