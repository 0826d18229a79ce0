"""Activity and the funnel over HTTP, and what every number says of itself (A1)."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.analytics.freshness import TopicEnds
from crm.analytics.service import service
from crm.chassis.log import EventLog
from crm.chassis.projection.failures import SourceAway
from crm.events import Fact, Position
from crm.events.campaigns import LinkClicked, MessageSent
from crm.events.contacts import ContactRegistered

Ask = Callable[..., Any]
NEWS = UUID(int=1)


class Ear(Protocol):
    def tell(self, *facts: Fact, **more: Any) -> UUID: ...
    def catch_up(self) -> None: ...


def test_activity_over_http(ear: Ear, ask: Ask) -> None:
    for name in ("Ada", "Bob"):
        ear.tell(ContactRegistered(name=name))
    ear.tell(MessageSent(campaign=NEWS), hours=24)
    answer = ask("/activity")
    assert answer["items"] == [
        {"day": "2026-03-02", "service": "campaigns", "type": "crm.campaigns.message-sent.v1", "facts": 1},
        {"day": "2026-03-01", "service": "contacts", "type": "crm.contacts.contact-registered.v1", "facts": 2},
    ]
    assert answer["totals"] == {
        "facts": 3,
        "by_service": {"campaigns": 1, "contacts": 2},
        "by_type": {"crm.campaigns.message-sent.v1": 1, "crm.contacts.contact-registered.v1": 2},
    }
    assert ask("/activity", service="contacts", last="2026-03-01")["totals"]["facts"] == 2
    assert ask("/activity", type="crm.campaigns.message-sent.v1")["totals"]["facts"] == 1
    assert ask("/activity", first="2026-03-02T00:30:00+01:00", last="2026-03-01T23:00:00Z")["totals"]["facts"] == 2


def test_activity_comes_in_pages_and_totals_are_over_all(ear: Ear, ask: Ask) -> None:
    for hours in (0, 24, 48):
        ear.tell(ContactRegistered(name="Ada"), hours=hours)
    first = ask("/activity", limit=2)
    second = ask("/activity", limit=2, cursor=first["next"])
    assert [each["day"] for each in (*first["items"], *second["items"])] == ["2026-03-03", "2026-03-02", "2026-03-01"]
    assert (first["totals"]["facts"], second["totals"]["facts"], second["next"]) == (3, 3, None)


def test_the_funnel_over_http(ear: Ear, ask: Ask) -> None:
    ada = uuid4()
    message = ear.tell(MessageSent(campaign=NEWS), about=(ada,))
    ear.tell(LinkClicked(campaign=NEWS, link=1, url="https://shop.example"), stream=message, about=(ada,), hours=1)
    ear.tell(MessageSent(campaign=UUID(int=2)), about=(ada,))
    answer = ask("/funnel")
    steps = {"sent": 1, "clicked": 1, "opportunity": 0, "won": 0}
    assert answer["overall"] == steps
    assert answer["campaigns"][0] == {"campaign": str(NEWS), "name": None, "steps": steps}
    assert [each["campaign"] for each in ask("/funnel", campaign=NEWS)["campaigns"]] == [str(NEWS)]
    assert ask("/funnel", first="2026-03-02")["overall"]["sent"] == 0
    first = ask("/funnel", limit=1)
    second = ask("/funnel", limit=1, cursor=first["next"])
    assert [each["campaign"] for each in (*first["campaigns"], *second["campaigns"])] == [
        str(NEWS),
        str(UUID(int=2)),
    ]
    assert second["next"] is None


@pytest.mark.parametrize("path", ["/activity", "/funnel"])
def test_a1_every_number_says_what_it_is_worth(ear: Ear, ask: Ask, path: str) -> None:
    before = datetime.now(UTC)
    answer = ask(path)
    assert answer["definition"] in ("activity v1", "milestones v1")
    assert before <= datetime.fromisoformat(answer["as_of"]) <= datetime.now(UTC)
    assert answer["freshness"]["contacts"] == {"state": "running", "lag_facts": None, "lag_s": None, "waiting": 0}


def test_a1_lag_is_known_where_it_can_be_told(ear: Ear, ask: Ask, log: EventLog) -> None:
    assert ask("/activity")["freshness"]["analytics"] == {
        "state": "running",
        "lag_facts": 0,
        "lag_s": 0.0,
        "waiting": 0,
    }
    assert set(ask("/activity")["freshness"]) == {"analytics", "campaigns", "contacts", "sales", "service-desk"}
    assert set(ask("/funnel")["freshness"]) == {"campaigns", "contacts", "sales"}


def test_its_own_acknowledgement_of_an_erasure_counts_as_activity(ear: Ear, ask: Ask, log: EventLog) -> None:
    ada = uuid4()
    service.acknowledgements.acknowledge(log, ada)
    service.acknowledgements.acknowledge(log, ada)
    ear.catch_up()
    assert ask("/activity", service="analytics")["totals"]["facts"] == 1


def test_a_number_waits_for_what_its_reader_has_written(ear: Ear, client: TestClient) -> None:
    ada = ear.tell(ContactRegistered(name="Ada"))
    shown = client.get("/activity", headers={"If-Consistent-With": f"contacts/{ada}:1"})
    assert (shown.status_code, shown.headers["Consistency-Token"]) == (200, f"contacts/{ada}:1")
    assert client.get("/activity", headers={"If-Consistent-With": f"contacts/{ada}:2"}).status_code == 503


@pytest.mark.parametrize(
    "query",
    ["/activity?from=soon", "/activity?service=stars", "/activity?type=x", "/funnel?campaign=1", "/funnel?cursor=AAAA"],
)
def test_what_cannot_be_understood_is_refused(client: TestClient, query: str) -> None:
    assert client.get(query).status_code == 422


@pytest.mark.parametrize("path", ["/activity", "/funnel", "/live"])
def test_nobody_reads_numbers_without_leave(client: TestClient, path: str) -> None:
    assert client.get(path, headers={"Authorization": ""}).status_code == 401


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_where_topics_end_is_asked_now_and_then_and_forgotten_when_nobody_answers() -> None:
    clock, asked = Clock(), list[float]()
    away = [False]

    def ask() -> dict[str, dict[int, Position]]:
        asked.append(clock.now)
        if away[0]:
            raise SourceAway("gone")
        return {"sales": {0: Position(0, 0, 7)}}

    ends = TopicEnds(ask, clock)
    assert ends.known() == {"sales": {0: Position(0, 0, 7)}}
    ends.known()
    assert asked == [100.0]
    away[0] = True
    clock.now = 110.0
    assert ends.known() is not None
    clock.now = 200.0
    assert ends.known() is None
