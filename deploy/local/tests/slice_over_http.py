"""Run in a copy of the tree to which the example of CONTRIBUTING.md was applied: the new fact is seen over HTTP.

Sales over a log in memory, its list and the history of contacts in real databases, fed by hand.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.http import Api, Waiter, create_app
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog, MemoryStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.projection import Feed, ViewConsistency, prepare, sources_of
from crm.chassis.service import Service
from crm.chassis.settings import Settings
from crm.chassis.testing import fixtures
from crm.chassis.testing.backends import PostgresBackend
from crm.chassis.testing.views import from_log, from_topic
from crm.contacts.service import service as contacts
from crm.sales.service import service as sales

postgres_server = fixtures.postgres_server
keys = MemoryKeys()


class Running:
    """One service over HTTP, with its views."""

    def __init__(self, service: Service, server: PostgresBackend, folder: Path, stack: ExitStack) -> None:
        dsn = server.fresh_database()
        migrate(dsn, (CHASSIS, *service.migrations))
        self.service, self.database = service, Database(dsn)
        stack.callback(self.database.close)
        self.log: EventLog = service.log(MemoryStore(), keys)
        with self.database.connection() as connection:
            prepare(connection, service.views)
        issuer = LocalIssuer(folder / service.name)
        app = create_app(
            Api(
                title=service.name,
                version="1",
                routers=service.routers,
                verifier=issuer.verifier(),
                log=self.log,
                database=self.database,
                public=service.public,
                waiter=Waiter(ViewConsistency(self.database, service.views), timeout_s=0.1),
                parts=(Settings.model_validate({"database": dsn, "keyring": dsn, "master_key": bytes(32)}),),
            )
        )
        headers = {"Authorization": f"Bearer {issuer.issue('mia', ['*'])}"}
        self.client = stack.enter_context(TestClient(app, headers=headers))

    def feeds(self, source: str) -> list[Feed]:
        """Of every view that follows a service."""
        feeds = [Feed(self.database, each, source, keys) for each in self.service.views if source in sources_of(each)]
        for feed in feeds:
            feed.open()
        return feeds


@pytest.fixture
def suite(postgres_server: PostgresBackend, tmp_path: Path) -> Iterator[tuple[Running, Running]]:
    with ExitStack() as stack:
        yield (
            Running(sales, postgres_server, tmp_path, stack),
            Running(contacts, postgres_server, tmp_path, stack),
        )


def test_the_new_fact_is_on_the_list_and_in_the_history(suite: tuple[Running, Running]) -> None:
    selling, knowing = suite
    captured = selling.client.post("/leads", json={"name": "Ada", "email": "ada@example.com"}).json()
    path = f"/leads/{captured['id']}"
    assert selling.client.post(f"{path}/assign", json={"assignee": "mia"}).json()["version"] == 2
    facts = selling.log.read(None, 100)
    for feed in selling.feeds("sales"):
        feed.take(from_log(facts))
    for feed in knowing.feeds("sales"):
        feed.take(from_topic(facts))
    lead = selling.client.get(path).json()
    assert lead["assignee"] == "mia"
    assert [each["assignee"] for each in selling.client.get("/leads").json()["items"]] == ["mia"]
    history = knowing.client.get(f"/contacts/{lead['contact']}/history", params={"order": "oldest"}).json()
    assert [(each["type"], each["summary"]) for each in history["items"]][1:] == [
        ("crm.sales.lead-assigned.v1", "Lead assigned to mia")
    ]
