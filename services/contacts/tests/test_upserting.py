"""Upserts take identifiers by the rules of the deployment, as registering and adding do (C3)."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.settings import Settings

Register = Callable[..., UUID]
SHOP = {"system": "shop", "id": "1"}


@pytest.fixture
def settings() -> Settings:
    return Settings(database="", keyring="", master_key=bytes(32), region="DE", own_domains=("rapport.example",))


def upsert(api: TestClient, **told: Any) -> Any:
    return api.put("/contacts/by-external-id", json={"name": "Ada", "external_id": SHOP, **told})


def shared_of(api: TestClient, contact: UUID | str, member: str) -> dict[str, bool]:
    read = api.get(f"/contacts/{contact}").raise_for_status().json()
    return {each[member]: each["shared"] for each in read[f"{member}s"]}


def test_c3_a_number_that_somebody_else_holds_is_kept_as_shared_and_warned_of(
    api: TestClient, registered: Register
) -> None:
    household = registered("Bob", phones=["030 901820"])
    for _ in ("registers", "revises"):
        answer = upsert(api, phones=["030 901820"])
        assert answer.status_code == 200, answer.text
        assert [each["holder"] for each in answer.json()["warnings"]] == [str(household)]
    assert shared_of(api, answer.json()["id"], "phone") == {"030 901820": True}
    assert shared_of(api, household, "phone") == {"030 901820": False}


def test_c3_a_number_is_added_as_shared_to_whom_another_system_knows(api: TestClient, registered: Register) -> None:
    registered("Bob", phones=["030 901820"])
    ada = registered("Ada", external_ids=[SHOP])
    assert upsert(api, phones=["030 901820", "040 901820"]).json()["id"] == str(ada)
    assert shared_of(api, ada, "phone") == {"030 901820": True, "040 901820": False}


def test_c3_an_address_that_is_one_persons_alone_is_refused(api: TestClient, registered: Register) -> None:
    bob = registered("Bob", emails=["bob@example.com"])
    registering = upsert(api, emails=["bob@example.com"])
    registered("Ada", external_ids=[SHOP])
    revising = upsert(api, emails=["bob@example.com"])
    for answer in (registering, revising):
        assert (answer.status_code, answer.json()["holder"]) == (409, str(bob))


def test_c3_an_address_of_our_own_names_nobody(api: TestClient) -> None:
    ada = upsert(api, emails=["info@rapport.example"]).json()["id"]
    assert shared_of(api, ada, "email") == {"info@rapport.example": True}
    assert api.get("/identities?email=info@rapport.example").status_code == 404
