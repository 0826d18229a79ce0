"""Analytics with views in a real database, told facts of all services by hand."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.analytics.service import service
from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import Api, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare, sources_of
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Fact, Position, Sealed

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ear:
    """All views of analytics, told what happens in other services, and what is in the own log."""

    def __init__(self, db: Database, log: EventLog) -> None:
        with db.connection() as connection:
            prepare(connection, service.views)
        self.records = Records(log.keys)
        self._log = log
        self._read: Position | None = None
        self._heard: dict[str, int] = {}
        self._feeds: dict[str, list[Feed]] = {}
        for view in service.views:
            for source in sources_of(view):
                feed = Feed(db, view, source, log.keys)
                feed.open()
                self._feeds.setdefault(source, []).append(feed)

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

    def hear(self, facts: Sequence[Sealed]) -> None:
        """Facts arrive as they are."""
        for fact in facts:
            first = self._heard.get(fact.service, 0)
            self._heard[fact.service] = first + 1
            for feed in self._feeds[fact.service]:
                feed.take(from_topic([fact], first=first))

    def catch_up(self) -> None:
        """Shows everything that is in the own log."""
        facts = self._log.read(self._read, 1_000)
        if facts:
            self._read = facts[-1].position
            for feed in self._feeds["analytics"]:
                feed.take(from_log(facts))


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresBackend) -> Iterator[str]:
    """One database for all tests of analytics: making one takes longer than most tests."""
    dsn = postgres_server.fresh_database()
    migrate(dsn, (CHASSIS, *service.migrations))
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
def ear(db: Database, log: EventLog) -> Ear:
    return Ear(db, log)


@pytest.fixture
def settings(db: Database) -> Settings:
    return Settings.model_validate({"database": db.dsn, "keyring": db.dsn, "master_key": bytes(32)})


@pytest.fixture
def client_of(tmp_path: Path, db: Database, log: EventLog) -> Iterator[Callable[[Settings], TestClient]]:
    """Makes a client of the service's app, with some settings, that may read numbers."""
    issuer = LocalIssuer(tmp_path / "issuer")
    with ExitStack() as clients:

        def client_of(settings: Settings) -> TestClient:
            api = Api(
                title="Analytics",
                version="1",
                routers=service.routers,
                verifier=issuer.verifier(),
                log=log,
                database=db,
                waiter=Waiter(ViewConsistency(db, service.views), timeout_s=0.1),
                parts=(settings,),
            )
            headers = {"Authorization": f"Bearer {issuer.issue('kim', ['analytics:read'])}"}
            return clients.enter_context(TestClient(create_app(api), headers=headers))

        yield client_of


@pytest.fixture
def client(client_of: Callable[[Settings], TestClient], settings: Settings, ear: Ear) -> TestClient:
    """A client of the service without Kafka."""
    return client_of(settings)


@pytest.fixture
def ask(client: TestClient) -> Callable[..., Any]:
    """Asks for numbers and returns the answer; `from` is given as `first`, `to` as `last`."""

    def ask(path: str, **params: Any) -> Any:
        named = {"first": "from", "last": "to"}
        response = client.get(path, params={named.get(name, name): str(each) for name, each in params.items()})
        assert response.status_code == 200, response.text
        return response.json()

    return ask
