"""Sales over a log in memory and views in a real database, kept up to date by hand."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import Api, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.migrations import migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Position, Sealed
from crm.sales.service import service

PERMISSIONS = ("sales:read", "sales:write", "sales:configure")


class Projector:
    """All views of sales, fed on demand: from its own log, and with facts of contacts."""

    def __init__(self, db: Database, log: EventLog) -> None:
        with db.connection() as connection:
            prepare(connection, service.views)
        self._log = log
        self._read: Position | None = None
        self._feeds: dict[str, list[Feed]] = {
            source: [Feed(db, view, source, log.keys) for view in service.views if source in view.services]
            for source in ("sales", "contacts")
        }
        for feed in (*self._feeds["sales"], *self._feeds["contacts"]):
            feed.open()
        self._heard: list[Sealed] = []

    def catch_up(self) -> None:
        """Shows everything that is in the log of sales."""
        facts = self._log.read(self._read, 10_000)
        if facts:
            self._read = facts[-1].position
            for feed in self._feeds["sales"]:
                feed.take(from_log(facts))

    def hear(self, facts: Sequence[Sealed]) -> None:
        """Facts of contacts arrive."""
        first = len(self._heard)
        self._heard += facts
        for feed in self._feeds["contacts"]:
            feed.take(from_topic(facts, first=first))


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresBackend) -> Iterator[str]:
    """One database for all tests of sales: making one takes longer than most tests."""
    dsn = postgres_server.fresh_database()
    migrate(dsn)
    yield dsn
    postgres_server.drop(dsn)


@pytest.fixture
def db(migrated: str) -> Iterator[Database]:
    opened = Database(migrated)
    with opened.connection() as connection:
        tables = connection.execute(
            "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables"
            " WHERE schemaname = 'public' AND tablename <> 'migrations'"
        ).fetchone()
        assert tables
        connection.execute(f"TRUNCATE {tables[0]} RESTART IDENTITY CASCADE".encode())
    yield opened
    opened.close()


@pytest.fixture
def log() -> EventLog:
    return service.log(MemoryStore(), MemoryKeys())


@pytest.fixture
def views(db: Database, log: EventLog) -> Projector:
    return Projector(db, log)


@pytest.fixture
def contacts(log: EventLog) -> Records:
    """The log of contacts."""
    return Records(log.keys)


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    return LocalIssuer(tmp_path / "issuer")


@pytest.fixture
def api(issuer: LocalIssuer, log: EventLog, db: Database, views: Projector) -> Api:
    settings = Settings.model_validate({"database": db.dsn, "keyring": db.dsn, "master_key": bytes(32)})
    return Api(
        title="Sales",
        version="1",
        routers=service.routers,
        verifier=issuer.verifier(),
        log=log,
        database=db,
        waiter=Waiter(ViewConsistency(db, service.views), timeout_s=0.1),
        parts=(settings,),
    )


@pytest.fixture
def client(api: Api, issuer: LocalIssuer) -> Iterator[TestClient]:
    token = issuer.issue("kim", PERMISSIONS)
    with TestClient(create_app(api), headers={"Authorization": f"Bearer {token}"}) as client:
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
def types_of(log: EventLog) -> Callable[[str], list[str]]:
    """The names of the facts on a stream."""
    return lambda stream: [type(each.fact).__name__ for each in log.stream(UUID(stream))]
