"""People who may be there twice, over a log in memory and views in a real database."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import EventLog
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.services import Projector
from crm.contacts.duplicates.matching import Matching
from crm.contacts.duplicates.scanning import Scanning, take

HOME = {"street": "Zwetschgenweg 5", "postal_code": "10115", "city": "Berlin", "country": "DE"}


@pytest.fixture
def runtime(settings: Settings, db: Database, keys: MemoryKeys, log: EventLog) -> Runtime:
    return Runtime(settings, db, keys, log)


@pytest.fixture
def person(suite: TestClient) -> Callable[..., str]:
    """Registers somebody over HTTP and returns the id."""

    def register(name: str, **more: Any) -> str:
        answer = suite.post("/contacts", json={"name": name, **more})
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    return register


@pytest.fixture
def match(runtime: Runtime, views: Projector) -> Callable[[], None]:
    """Lets the views and the role `matching` catch up."""
    matching = Matching(runtime)

    def catch_up() -> None:
        views.catch_up()
        while matching.turn():
            views.catch_up()

    return catch_up


def queue(suite: TestClient, **asked: Any) -> list[Any]:
    answer = suite.get("/duplicates", params=asked)
    assert answer.is_success, answer.text
    return list(answer.json()["items"])


def scan(suite: TestClient, runtime: Runtime) -> Any:
    made = suite.post("/duplicates/scan")
    assert made.status_code == 201, made.text
    while job := take(runtime):
        Scanning(runtime, job).work_off()
    return suite.get(made.headers["Location"]).json()
