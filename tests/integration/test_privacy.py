"""Personal data is nowhere in clear but in views, and after an erasure nowhere at all (I11)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, TopicPartition

from tests.integration.running_suite import RunningSuite, eventually

pytestmark = pytest.mark.xdist_group("suite")

SERVICES = ("contacts", "sales", "service-desk", "campaigns", "analytics")
NOT_VIEWS = ("events", "parked", "idempotency", "timers", "relay_position", "relay_audit", "checkpoints", "applied")


class Canary:
    """A person all of whose values carry a mark that stands nowhere else."""

    def __init__(self, suite: RunningSuite) -> None:
        self.mark = f"canary{uuid4().hex[:12]}"
        self.digits = str(uuid4().int)[:7]
        self._suite = suite
        person = {
            "name": f"Name {self.mark}",
            "emails": [f"{self.mark}@example.org"],
            "phones": [f"+49 30 {self.digits}"],
            "address": {"street": f"Street {self.mark}", "city": f"City {self.mark}", "country": "DE"},
            "external_ids": [{"system": "erp", "id": f"id-{self.mark}"}],
        }
        self.id = str(suite.write("contacts", "POST", "/contacts", person).json()["id"])
        self.tokens = [self._write(*each) for each in self._facts()]

    def _write(self, service: str, path: str, body: dict[str, Any]) -> str:
        return str(self._suite.write(service, "POST", path, body).json()["token"])

    def _facts(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        me, said = f"/contacts/{self.id}", f"said {self.mark}"
        yield "contacts", f"{me}/emails", {"email": f"second.{self.mark}@example.org"}
        yield "contacts", f"{me}/interactions", {"kind": "note", "direction": "internal", "subject": said, "body": said}
        evidence = {"ip": "203.0.113.9", "user_agent": said, "form_url": f"https://{self.mark}.example", "note": said}
        consent = {"channel": "email", "purpose": "marketing", "wording_version": "1", "source": "web"}
        yield "contacts", f"{me}/consents", consent | {"evidence": evidence}
        lead = {"name": f"Name {self.mark}", "email": f"{self.mark}@example.org", "contact": self.id, "source": "web"}
        yield "sales", "/leads", lead | {"company": said, "interest": said}
        deal = {"contact": self.id, "title": said, "amount": "12.50", "currency": "EUR"}
        yield "sales", "/opportunities", deal
        ticket = {"contact": self.id, "subject": said, "body": said, "name": said, "email": f"{self.mark}@example.org"}
        yield "service-desk", "/tickets", ticket

    def found_in(self, text: bytes) -> bool:
        return self.mark.encode() in text


@pytest.fixture
def canary(suite: RunningSuite) -> Canary:
    someone = Canary(suite)
    suite.history(someone.id, *someone.tokens)
    return someone


def raw_records(suite: RunningSuite) -> Iterator[bytes]:
    """Everything on Kafka, keys and headers included."""
    consumer = Consumer({"bootstrap.servers": suite.described["kafka"], "group.id": f"test-{uuid4()}"})
    try:
        for service in SERVICES:
            topic = consumer.list_topics(f"crm.{service}.v1", timeout=10).topics[f"crm.{service}.v1"]
            for number in topic.partitions:
                place = TopicPartition(topic.topic, number, 0)
                left = consumer.get_watermark_offsets(place)[1]
                consumer.assign([place])
                while left > 0:
                    for message in consumer.consume(min(left, 500), 10):
                        left -= 1
                        yield (message.key() or b"") + (message.value() or b"") + repr(message.headers()).encode()
    finally:
        consumer.close()


def tables(suite: RunningSuite, service: str, *, views: bool) -> Iterator[tuple[str, bytes]]:
    """The rows of a database's tables as text: those of views, or all others."""
    with suite.database(service) as db:
        names = db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        shown = {name for (each,) in db.execute("SELECT tables FROM view_state").fetchall() for name in each}
        for (name,) in names:
            if (name in shown) == views:
                for (row,) in db.execute(f"SELECT t::text FROM {name} AS t").fetchall():  # noqa: S608
                    yield f"{service}.{name}", row.encode()
        for (state,) in db.execute("SELECT state FROM events").fetchall() if not views else ():
            yield f"{service}.events", bytes(state)


def files(suite: RunningSuite) -> Iterator[tuple[str, bytes]]:
    for path in [*Path(suite.folder, "logs").rglob("*"), *Path(suite.folder, "traces").rglob("*")]:
        if path.is_file():
            yield str(path), path.read_bytes()


def test_i11_a_person_is_in_no_topic_log_dump_log_file_or_trace(suite: RunningSuite, canary: Canary) -> None:
    assert not [record for record in raw_records(suite) if canary.found_in(record)]
    assert not {name for s in SERVICES for name, row in tables(suite, s, views=False) if canary.found_in(row)}
    assert not [name for name, content in files(suite) if canary.found_in(content)]
    assert {name for s in SERVICES for name, row in tables(suite, s, views=True) if canary.found_in(row)}


def test_i11_after_an_erasure_a_person_is_in_no_view_and_statistics_stay(suite: RunningSuite, canary: Canary) -> None:
    before = len(suite.history(canary.id))
    suite.write("contacts", "DELETE", f"/contacts/{canary.id}")

    def acknowledged() -> bool:
        answer = suite.api("contacts").get(f"/contacts/{canary.id}/erasure").json()
        assert set(answer["acknowledged"]) == set(SERVICES), answer
        return bool(answer["complete"])

    eventually(acknowledged, within_s=60)
    found = {name for s in SERVICES for views in (True, False) for name, row in tables(suite, s, views=views)
             if canary.found_in(row)}  # fmt: skip
    assert not found
    assert suite.api("contacts").get(f"/contacts/{canary.id}").status_code == 410
    items = suite.history(canary.id)
    assert len(items) >= before
    assert canary.mark not in str(items)
    opened = next(item for item in items if item["type"] == "crm.sales.opportunity-opened.v1")
    assert opened["data"]["amount"] == {"minor": 1250, "currency": "EUR"}
    with suite.database("sales") as db:
        assert db.execute("SELECT amount FROM board_v1 WHERE contact = %s", (canary.id,)).fetchall()
    assert suite.audit().returncode == 0


def test_an_erased_address_can_be_registered_anew(suite: RunningSuite, canary: Canary) -> None:
    suite.write("contacts", "DELETE", f"/contacts/{canary.id}")
    again = {"name": "Somebody New", "emails": [f"{canary.mark}@example.org"]}
    assert suite.write("contacts", "POST", "/contacts", again).json()["id"] != canary.id
