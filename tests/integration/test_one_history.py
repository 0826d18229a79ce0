"""The main job: what happens with a contact in any service appears in one history, in order and without loss."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from confluent_kafka import Consumer
from jsonschema_rs import validator_for

from tests.integration.running_suite import RunningSuite, eventually

pytestmark = pytest.mark.xdist_group("suite")


@pytest.fixture
def someone(suite: RunningSuite) -> dict[str, Any]:
    """A lead from somebody unknown, and what follows in three services."""
    address = f"{uuid4().hex}@example.org"
    asked = {"name": "Uma Unknown", "email": address, "source": "web", "interest": "a quote"}
    lead = suite.write("sales", "POST", "/leads", asked).json()
    contact = suite.read("sales", f"/leads/{lead['id']}")["contact"]
    qualified = suite.write("sales", "POST", f"/leads/{lead['id']}/qualify", {}).json()
    ticket = {"subject": "How does it work?", "body": "Please explain.", "email": address, "name": "Uma Unknown"}
    opened = suite.write("service-desk", "POST", "/tickets", ticket).json()
    tokens = [qualified["token"], opened["token"]]
    return {"contact": contact, "tokens": tokens, "lead": lead["id"], "ticket": opened["id"], "address": address}


def test_one_contact_several_services_one_history(suite: RunningSuite, someone: dict[str, Any]) -> None:
    def shown() -> list[tuple[str, str]]:
        items = suite.history(someone["contact"], *someone["tokens"])
        kinds = [(item["service"], item["type"].split(".")[2]) for item in items]
        assert ("contacts", "contact-registered") in kinds
        return kinds

    kinds = eventually(shown)
    assert [each for each in kinds if each[0] != "contacts"] == [
        ("sales", "lead-captured"),
        ("sales", "lead-qualified"),
        ("service-desk", "ticket-opened"),
    ]


def test_somebody_unknown_becomes_one_contact_whoever_hears_of_them_first(
    suite: RunningSuite, someone: dict[str, Any]
) -> None:
    ticket = suite.read("service-desk", f"/tickets/{someone['ticket']}")
    assert ticket["contact"] == someone["contact"]

    def registered() -> dict[str, Any]:
        answer = suite.api("contacts").get("/identities", params={"email": someone["address"]})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        return found

    found = eventually(registered)
    assert (found["contact_id"], found["provisional"], found["shared"]) == (someone["contact"], True, False)


def test_i8_a_query_with_a_token_shows_it_or_is_refused(suite: RunningSuite, someone: dict[str, Any]) -> None:
    path = f"/contacts/{someone['contact']}/history"
    ahead = {"If-Consistent-With": f"sales/{someone['lead']}:99"}
    answer = suite.api("contacts").get(path, headers=ahead)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert suite.api("contacts").get(path, headers={"If-Consistent-With": "nonsense"}).status_code == 422


def spans(suite: RunningSuite) -> Iterator[dict[str, Any]]:
    for path in Path(suite.folder, "traces").glob("*.jsonl"):
        for line in path.read_text().splitlines():
            yield json.loads(line)


def test_i9_a_trace_is_linked_from_the_command_to_the_view_of_another_service(
    suite: RunningSuite, someone: dict[str, Any]
) -> None:
    items = suite.history(someone["contact"], *someone["tokens"])
    captured = next(item for item in items if item["type"] == "crm.sales.lead-captured.v1")
    trace = captured["trace_id"]

    def linked() -> set[str]:
        every = list(spans(suite))
        names = {span["name"] for span in every if span["trace_id"] == trace}
        followers = {span["name"] for span in every if trace in json.dumps(span.get("links", []))}
        assert "POST /leads" in names, names
        assert "append lead" in names
        assert "send crm.sales.v1" in followers, followers
        assert any("history" in name for name in followers)
        assert any("registering" in name for name in followers)
        return followers

    assert eventually(linked)


def test_messages_are_cloud_events_and_fit_the_served_schemas(suite: RunningSuite, someone: dict[str, Any]) -> None:
    consumer = Consumer(
        {
            "bootstrap.servers": suite.described["kafka"],
            "group.id": f"test-{uuid4()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe(["crm.sales.v1", "crm.contacts.v1", "crm.service-desk.v1"])
    seen: set[str] = set()
    validators: dict[str, Any] = {}

    def read() -> bool:
        for message in consumer.consume(500, 0.5):
            headers = {name: value for name, value in dict(message.headers() or ()).items() if isinstance(value, bytes)}
            event = from_binary_event(KafkaMessage(headers, message.key(), message.value() or b""), JSONFormat())
            kind = event.get_type()
            if kind not in validators:
                url = f"/schemas/{kind}"
                validators[kind] = validator_for(suite.read(kind.split(".")[1], url))
            value = event.get_data()
            assert validators[kind].is_valid(value if isinstance(value, dict) else json.loads(value or b"")), kind
            assert event.get_id().startswith(str(event.get_subject()))
            seen.add(event.get_id())
        return f"{someone['lead']}:2" in seen and f"{someone['ticket']}:1" in seen

    try:
        eventually(read)
    finally:
        consumer.close()
