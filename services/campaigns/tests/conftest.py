"""Campaigns over a log in memory and views in a real database, kept up to date by hand."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import pytest
from fastapi.testclient import TestClient

from crm.campaigns.service import service
from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.embedded.process import free_port
from crm.chassis.http import Api, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.migrations import migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.views import Records, from_log, from_topic
from crm.events import Fact, Position, Sealed
from crm.events.contacts import ConsentGranted, ConsentWithdrawn, ContactRegistered
from crm.events.particulars import PostalAddress

PERMISSIONS = ("campaigns:read", "campaigns:write", "campaigns:send")
PUBLIC_URL = "https://mail.shop.example"


class Projector:
    """All views of campaigns, fed on demand: from its own log, and with facts of contacts."""

    def __init__(self, db: Database, log: EventLog) -> None:
        with db.connection() as connection:
            prepare(connection, service.views)
        self._log = log
        self._read: Position | None = None
        self._feeds: dict[str, list[Feed]] = {
            source: [Feed(db, view, source, log.keys) for view in service.views if source in view.services]
            for source in ("campaigns", "contacts")
        }
        for feed in (*self._feeds["campaigns"], *self._feeds["contacts"]):
            feed.open()
        self._heard: list[Sealed] = []

    def catch_up(self) -> None:
        """Shows everything that is in the log of campaigns."""
        facts = self._log.read(self._read, 10_000)
        if facts:
            self._read = facts[-1].position
            for feed in self._feeds["campaigns"]:
                feed.take(from_log(facts))

    def hear(self, facts: Sequence[Sealed]) -> None:
        """Facts of contacts arrive."""
        first = len(self._heard)
        self._heard += facts
        for feed in self._feeds["contacts"]:
            feed.take(from_topic(facts, first=first))


class People:
    """People as contacts tell of them."""

    def __init__(self, keys: MemoryKeys, views: Projector) -> None:
        self.records, self._views = Records(keys), views

    def tell(
        self, stream: UUID, *facts: Fact, subject: UUID | None = None, occurred_at: datetime | None = None
    ) -> None:
        self._views.hear(self.records.record(stream, *facts, subject=subject, occurred_at=occurred_at))

    def register(self, name: str = "Ada Lovelace", *emails: str, country: str = "GB", agrees: bool = True) -> UUID:
        contact = uuid4()
        address = PostalAddress(city="London", country=country)
        self.tell(contact, ContactRegistered(name=name, emails=list(emails), address=address))
        if agrees:
            self.agree(contact)
        return contact

    def agree(self, contact: UUID, purpose: str = "marketing") -> None:
        fact = ConsentGranted(contact=contact, channel="email", purpose=purpose, wording_version="1", source="form")
        self.tell(uuid5(contact, purpose), fact, subject=contact)

    def withdraw(self, contact: UUID, purpose: str = "marketing") -> None:
        fact = ConsentWithdrawn(contact=contact, channel="email", purpose=purpose, source="form")
        self.tell(uuid5(contact, purpose), fact, subject=contact)


@pytest.fixture(scope="session")
def migrated(postgres_server: PostgresBackend) -> Iterator[str]:
    """One database for all tests of campaigns: making one takes longer than most tests."""
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
def keys() -> MemoryKeys:
    return MemoryKeys()


@pytest.fixture
def log(keys: MemoryKeys) -> EventLog:
    return service.log(MemoryStore(), keys)


@pytest.fixture
def views(db: Database, log: EventLog) -> Projector:
    return Projector(db, log)


@pytest.fixture
def people(keys: MemoryKeys, views: Projector) -> People:
    return People(keys, views)


@pytest.fixture
def settings(db: Database) -> Settings:
    """There is no mail server at its address."""
    return Settings.model_validate(
        {
            "database": db.dsn,
            "keyring": db.dsn,
            "master_key": bytes(32),
            "public_url": PUBLIC_URL,
            "smtp": f"127.0.0.1:{free_port()}",
            "mail_from": "news@shop.example",
            "kafka": "none",
        }
    )


@pytest.fixture
def runtime(settings: Settings, db: Database, keys: MemoryKeys, log: EventLog) -> Runtime:
    return Runtime(settings, db, keys, log)


@pytest.fixture
def issuer(tmp_path: Path) -> LocalIssuer:
    return LocalIssuer(tmp_path / "issuer")


@pytest.fixture
def api(issuer: LocalIssuer, log: EventLog, db: Database, views: Projector, settings: Settings) -> Api:
    return Api(
        title="Campaigns",
        version="1",
        routers=service.routers,
        verifier=issuer.verifier(),
        log=log,
        database=db,
        waiter=Waiter(ViewConsistency(db, service.views), timeout_s=0.1),
        public=service.public,
        parts=(settings,),
    )


@pytest.fixture
def client(api: Api, issuer: LocalIssuer) -> Iterator[TestClient]:
    token = issuer.issue("kim", PERMISSIONS)
    with TestClient(create_app(api), headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


@pytest.fixture
def plan(client: TestClient) -> Callable[..., UUID]:
    """Plans a campaign and returns its id."""

    def plan(**more: Any) -> UUID:
        body = {"name": "Spring", "subject": "{first_name}, news", "text": "Dear {name}, see https://shop.example/new."}
        answer = client.post("/campaigns", json=body | more)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])

    return plan
