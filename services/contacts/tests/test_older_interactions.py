"""Interactions that were written down in version 1 are read, found, counted and corrected like those of version 2."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient
from msgspec.structs import replace

from crm.chassis.database import Database
from crm.chassis.log import EventLog
from crm.chassis.log.store import Append, NewFact
from crm.chassis.testing.services import Projector
from crm.chassis.testing.views import from_log
from crm.contacts.accessing.portable import is_given
from crm.contacts.history import history
from crm.events.interactions import InteractionAmended, InteractionLogged
from services.contacts.tests.telling import NOON, Story, ada, called

LOGGED = ["crm.contacts.interaction-logged.v1", "crm.contacts.interaction-logged.v2"]
any_version = pytest.mark.parametrize("asked", LOGGED)


@pytest.fixture
def story(db: Database) -> Story:
    """Two calls and a correction of the first; the rows are those of a time when version 1 was the newest."""
    story = Story(db)
    stream = story.tell(called("Price"))
    told: dict[str, Any] = {"kind": "call", "direction": "inbound", "author": "user:ada", "took_place_at": NOON}
    story.tell(InteractionAmended(contact=ada, subject="The price", **told), stream=stream, minutes=1)
    story.tell(called("Offer"), minutes=2)
    with db.connection() as connection:
        connection.execute(
            f"UPDATE {history.table.name} SET type = regexp_replace(type, 'v2$', 'v1'),"
            " clear = clear - 'system', personal = personal - 'external_id'".encode()
        )
    return story


@any_version
def test_c10_a_filter_by_either_version_finds_rows_of_both(story: Story, asked: str) -> None:
    story.tell(called("Delivery"), minutes=3)
    kept = {row.type.rpartition(".")[2] for row in history.select(story.db)}
    assert kept == {"v1", "v2"}
    assert story.summaries(types=[asked]) == [f"call (inbound): {each}" for each in ("The price", "Offer", "Delivery")]
    assert {item.type for item in story.items()} == {LOGGED[1]}


def test_c10_an_old_row_is_shown_as_the_newest_version_and_corrected_in_place(story: Story) -> None:
    price, offer = story.items()
    assert (price.amended, offer.amended) == (True, False)
    assert (offer.data["system"], offer.data["external_id"]) == (None, None)
    assert is_given(offer)


def test_c10_an_old_fact_that_arrives_now_is_kept_as_the_newest(story: Story) -> None:
    (new,) = story.records.record(uuid4(), called("Late"), subject=ada, occurred_at=NOON)
    old = replace(new, type=LOGGED[0], value=new.value.replace(b".v2", b".v1"))
    story.feeds["contacts"].take(from_log([old]))
    assert [row.type for row in history.select(story.db, "stream = %s", (old.stream,))] == [LOGGED[1]]


def written_before(log: EventLog, contact: UUID) -> UUID:
    """The stream of a call that was logged when version 1 was the newest."""
    stream = uuid4()
    said = log.keys.seal(contact, f"{stream}:1", json.dumps({"subject": "Price"}).encode())
    members = {"contact": str(contact), "kind": "call", "direction": "inbound", "personal": said}
    value = json.dumps({"type": LOGGED[0]} | members).encode()
    fact = NewFact(stream, 1, LOGGED[0], value, contact, (contact,), datetime(2026, 3, 2, tzinfo=UTC))
    log.store.append(Append(uuid4(), (fact,), "user:ada", "web", "test", None, None))
    return stream


def test_c10_an_old_interaction_is_amended_and_exported_as_the_newest(
    suite: TestClient, views: Projector, log: EventLog
) -> None:
    contact = UUID(suite.post("/contacts", json={"name": "Ada"}).raise_for_status().json()["id"])
    call = written_before(log, contact)
    views.catch_up()
    path = f"/contacts/{contact}"
    correction = {"kind": "external", "system": "telephony"}
    assert suite.post(f"{path}/interactions/{call}/amend", json=correction).raise_for_status().json()["version"] == 2
    views.catch_up()
    assert [type(each.fact) for each in log.stream(call)] == [InteractionLogged, InteractionAmended]
    items = suite.get(f"{path}/history", params={"type": LOGGED[0]}).json()["items"]
    assert [(each["summary"], each["data"]["system"]) for each in items] == [("external (inbound): Price", "telephony")]
    audited = suite.get(f"{path}/audit", params={"type": LOGGED[1], "order": "oldest"}).json()["items"]
    assert [each["summary"] for each in audited] == ["call (inbound): Price"]
    exported = suite.get(f"/people/{contact}/export").json()["items"]
    assert {each["type"] for each in exported if "interaction" in each["type"]} == {
        LOGGED[1],
        "crm.contacts.interaction-amended.v2",
    }


def test_the_audit_finds_rows_of_both_versions(suite: TestClient, views: Projector, db: Database) -> None:
    contact = suite.post("/contacts", json={"name": "Ada"}).raise_for_status().json()["id"]
    note = {"kind": "note", "direction": "internal"}
    suite.post(f"/contacts/{contact}/interactions", json=note | {"subject": "Old"}).raise_for_status()
    views.catch_up()
    with db.connection() as connection:
        connection.execute(f"UPDATE {history.table.name} SET type = regexp_replace(type, 'v2$', 'v1')".encode())
    suite.post(f"/contacts/{contact}/interactions", json=note | {"subject": "New"}).raise_for_status()
    views.catch_up()
    found = suite.get(f"/contacts/{contact}/audit", params={"type": LOGGED[1]}).json()["items"]
    assert [each["data"]["subject"] for each in found] == ["New", "Old"]
