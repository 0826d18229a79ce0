"""While the keyring cannot be reached, what is personal is refused for now and everything else goes on (section 8)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.keys import KeyringUnavailable, MemoryKeys
from crm.chassis.keys.memory import MemoryKeyStore
from crm.chassis.log import EventLog, MemoryStore
from crm.sales.service import service

ADA = {"name": "Ada", "email": "ada@company.example", "source": "web"}
STAGES = {"stages": [{"name": "Talk", "probability": 40, "category": "pipeline"}]}


class Store(MemoryKeyStore):
    """A keyring's store that can be away."""

    away = False

    def read(self, subjects: Sequence[UUID]) -> dict[UUID, bytes | None]:
        self._reach()
        return super().read(subjects)

    def create(self, fresh: Mapping[UUID, bytes]) -> dict[UUID, bytes | None]:
        self._reach()
        return super().create(fresh)

    def _reach(self) -> None:
        if self.away:
            raise KeyringUnavailable("The keyring is away.")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def log(store: Store) -> EventLog:
    return service.log(MemoryStore(), MemoryKeys(store))


def test_a_write_with_personal_fields_is_503_and_can_be_repeated(client: TestClient, store: Store) -> None:
    store.away = True
    key = {"Idempotency-Key": "once"}
    refused = client.post("/leads", json=ADA, headers=key)
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "5")
    assert refused.json()["type"] == "urn:crm:problem:unavailable"
    store.away = False
    assert client.post("/leads", json=ADA, headers=key).status_code == 201


def test_it_is_documented(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    documented = described["paths"]["/leads"]["post"]["responses"]["503"]
    assert documented == {"$ref": "#/components/responses/Problem503"}
    assert "Retry-After" in described["components"]["responses"]["Problem503"]["headers"]


def test_what_nobody_can_read_is_503_too(
    client: TestClient, post: Callable[..., Any], log: EventLog, store: Store
) -> None:
    lead = post("/leads", **ADA)["id"]
    log.keys.evict(log.stream(UUID(lead))[0].partition_key)
    store.away = True
    assert client.get(f"/leads/{lead}").status_code == 503
    store.away = False
    assert client.get(f"/leads/{lead}").json()["name"] == "Ada"


def test_a_write_without_personal_fields_goes_on(client: TestClient, store: Store) -> None:
    store.away = True
    assert client.put("/pipelines/wholesale", json=STAGES).status_code == 200
