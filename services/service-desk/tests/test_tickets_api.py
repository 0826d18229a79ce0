"""Tickets over HTTP: opening one, working on it, reading it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.log import EventLog
from crm.chassis.people.identity import Identifier
from crm.chassis.people.known import provisional_contact_id
from crm.chassis.testing.views import Records
from crm.events.identifiers import IdentifierClaimed
from crm.events.service_desk import TicketOpened, TicketSolved

Post = Callable[..., Any]
ADA = {"subject": "Bell", "body": "The bell does not ring.", "name": "Ada", "email": "Ada@Company.example"}


def opened(log: EventLog, ticket: str) -> TicketOpened:
    fact = log.stream(UUID(ticket))[0].fact
    assert isinstance(fact, TicketOpened)
    return fact


def finish(post: Post, ticket: str) -> None:
    post(f"/tickets/{ticket}/solve")
    post(f"/tickets/{ticket}/close")


def test_opening_a_ticket_answers_where_it_is(client: TestClient, log: EventLog) -> None:
    response = client.post("/tickets", json=ADA, headers={"X-Channel": "email"})
    ticket = response.json()["id"]
    assert (response.status_code, response.headers["Location"]) == (201, f"/tickets/{ticket}")
    assert (response.headers["ETag"], response.headers["Consistency-Token"]) == ('"1"', f"service-desk/{ticket}:1")
    (recorded,) = log.stream(UUID(ticket))
    assert (recorded.actor, recorded.channel) == ("user:kim", "email")
    assert recorded.contact_ids == (opened(log, ticket).contact,)


def test_numbers_rise_and_a_repeated_request_opens_one_ticket(client: TestClient, log: EventLog) -> None:
    first = client.post("/tickets", json=ADA).json()["id"]
    answers = [client.post("/tickets", json=ADA, headers={"Idempotency-Key": "k"}).json() for _ in range(3)]
    assert answers[0] == answers[1] == answers[2]
    later = client.post("/tickets", json=ADA).json()["id"]
    numbers = [opened(log, each).number for each in (first, answers[0]["id"], later)]
    assert numbers == sorted(set(numbers))


def test_d9_somebody_unknown_gets_the_id_that_every_service_would_mint(post: Post, log: EventLog) -> None:
    fact = opened(log, post("/tickets", **ADA)["id"])
    minted = provisional_contact_id(log.keys, Identifier("email", "ada@company.example"))
    assert (fact.contact, fact.provisional, fact.email) == (minted, True, "Ada@Company.example")


def test_d9_a_number_is_enough_and_nobody_is_turned_away(post: Post, log: EventLog) -> None:
    question = {"subject": "Bell", "body": "Silent."}
    numbers = [opened(log, post("/tickets", **question, phone=each)["id"]) for each in ("030 123456", "+49 30 123456")]
    assert numbers[0].contact == numbers[1].contact
    nobody = [opened(log, post("/tickets", **question)["id"]) for _ in range(2)]
    assert nobody[0].contact != nobody[1].contact
    assert all(each.provisional for each in (*numbers, *nobody))


def test_d9_somebody_known_is_recognised(post: Post, log: EventLog, views: Any, contacts: Records) -> None:
    ada, bo = uuid4(), uuid4()
    (claim,) = log.keys.claim_ids("email", "ada@company.example")
    views.hear(contacts.record(claim, IdentifierClaimed(kind="email", holder=ada)))
    recognised = opened(log, post("/tickets", **ADA)["id"])
    told = opened(log, post("/tickets", **ADA, contact=str(bo))["id"])
    assert [(each.contact, each.provisional) for each in (recognised, told)] == [(ada, False), (bo, False)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": " "},
        {"body": ""},
        {"email": "not an address"},
        {"queue": "No Such Name"},
        {"priority": "sky-high"},
        {"kind": "complaint"},
        {"sauce": "hot"},
        {"occurred_at": "2026-01-01T00:00:00"},
    ],
)
def test_a_ticket_that_makes_no_sense_is_refused(client: TestClient, wrong: dict[str, Any]) -> None:
    assert client.post("/tickets", json=ADA | wrong).status_code == 422


def test_a_ticket_from_the_question_to_the_end(
    client: TestClient, post: Post, types_of: Callable[[str], list[str]]
) -> None:
    ticket = post("/tickets", **ADA, queue="repairs", kind="incident")["id"]
    post(f"/tickets/{ticket}/assign", assignee="kim")
    post(f"/tickets/{ticket}/priority", priority="high")
    post(f"/tickets/{ticket}/reply", body="Oil it.")
    post(f"/tickets/{ticket}/reply", body="She calls often.", public=False)
    assert client.post(f"/tickets/{ticket}/solve").is_success
    post(f"/tickets/{ticket}/reply", by="customer", body="Still silent.")
    now = client.get(f"/tickets/{ticket}").json()
    assert (now["state"], now["assignee"], now["priority"], now["closes_at"]) == ("open", "kim", "high", None)
    finish(post, ticket)
    assert client.get(f"/tickets/{ticket}").json()["state"] == "closed"
    assert types_of(ticket) == [
        "TicketOpened",
        "TicketAssigned",
        "TicketPriorityChanged",
        "TicketReplied",
        "TicketReplied",
        "TicketSolved",
        "TicketReplied",
        "TicketReopened",
        "TicketSolved",
        "TicketClosed",
    ]


def test_a_ticket_is_read_with_all_that_was_said_in_it(client: TestClient, post: Post, log: EventLog) -> None:
    ticket = post("/tickets", **ADA, occurred_at="2026-03-01T08:00:00Z")["id"]
    post(f"/tickets/{ticket}/reply", body="Oil it.", occurred_at="2026-03-03T08:00:00Z")
    post(f"/tickets/{ticket}/reply", by="customer", body="And hurry.", occurred_at="2026-03-02T09:00:00+01:00")
    now = client.get(f"/tickets/{ticket}")
    assert (now.headers["ETag"], now.headers["Consistency-Token"]) == ('"3"', f"service-desk/{ticket}:3")
    assert [(each["by"], each["body"], each["at"]) for each in now.json()["messages"]] == [
        ("customer", "The bell does not ring.", "2026-03-01T08:00:00Z"),
        ("customer", "And hurry.", "2026-03-02T08:00:00Z"),
        ("agent", "Oil it.", "2026-03-03T08:00:00Z"),
    ]
    was = client.get(f"/tickets/{ticket}", params={"as_of": "2026-03-02T12:00:00Z"}).json()
    assert (was["state"], len(was["messages"])) == ("new", 2)
    assert client.get(f"/tickets/{ticket}", params={"as_of": "2026-02-01T00:00:00Z"}).status_code == 404


def test_d12_solving_says_when_the_ticket_closes(client: TestClient, post: Post, log: EventLog) -> None:
    ticket = post("/tickets", **ADA, occurred_at="2026-03-01T08:00:00Z")["id"]
    post(f"/tickets/{ticket}/solve", occurred_at="2026-03-02T08:00:00Z")
    assert client.get(f"/tickets/{ticket}").json()["closes_at"] == "2026-03-09T08:00:00Z"
    before = datetime.now(UTC)
    other = UUID(post("/tickets", **ADA)["id"])
    post(f"/tickets/{other}/solve")
    fact = log.stream(other)[-1].fact
    assert isinstance(fact, TicketSolved)
    assert before <= fact.closes_at - timedelta(days=7) <= datetime.now(UTC)


def test_d12_a_reply_to_a_closed_ticket_is_in_the_one_that_follows(client: TestClient, post: Post) -> None:
    ticket = post("/tickets", **ADA)["id"]
    finish(post, ticket)
    again = {"json": {"by": "customer", "body": "Silent again."}, "headers": {"Idempotency-Key": "again"}}
    answers = [client.post(f"/tickets/{ticket}/reply", **again) for _ in range(2)]
    follow_up = answers[0].json()["id"]
    assert (answers[0].json(), answers[0].headers["ETag"]) == (answers[1].json(), '"2"')
    old, new = (client.get(f"/tickets/{each}").json() for each in (ticket, follow_up))
    assert (old["state"], old["followed_by"], len(old["messages"])) == ("closed", follow_up, 1)
    assert (new["state"], new["follows"], new["contact"]) == ("new", ticket, old["contact"])
    assert (new["subject"], new["number"] > old["number"]) == ("Bell", True)
    assert [each["body"] for each in new["messages"]] == ["Silent again."]


def test_d12_a_closed_ticket_stays_as_it_is(client: TestClient, post: Post) -> None:
    ticket = post("/tickets", **ADA)["id"]
    too_early = client.post(f"/tickets/{ticket}/close")
    assert (too_early.status_code, too_early.json()["detail"]) == (409, "Solve this ticket before you close it.")
    finish(post, ticket)
    bodies = {"assign": {"assignee": "lee"}, "priority": {"priority": "low"}, "solve": {}, "reopen": {}}
    for verb, body in {**bodies, "reply": {"body": "Psst.", "public": False}}.items():
        assert (verb, client.post(f"/tickets/{ticket}/{verb}", json=body).status_code) == (verb, 409)


def test_a_stale_version_is_refused(client: TestClient, post: Post) -> None:
    ticket = post("/tickets", **ADA)["id"]
    post(f"/tickets/{ticket}/assign", assignee="kim")
    for verb, body in {"solve": {}, "reply": {"body": "Oil it."}, "priority": {"priority": "low"}}.items():
        stale = client.post(f"/tickets/{ticket}/{verb}", json=body, headers={"If-Match": '"1"'})
        assert (verb, stale.status_code) == (verb, 412)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("assign", {"assignee": "kim"}),
        ("reply", {"body": "Oil it."}),
        ("priority", {"priority": "low"}),
        ("solve", {}),
        ("reopen", {}),
        ("close", {}),
    ],
)
def test_nothing_happens_to_a_ticket_that_does_not_exist(client: TestClient, verb: str, body: dict[str, Any]) -> None:
    assert client.post(f"/tickets/{uuid4()}/{verb}", json=body).status_code == 404


def test_what_is_said_is_personal_and_ends_with_the_person(client: TestClient, post: Post, log: EventLog) -> None:
    ticket = post("/tickets", **ADA, phone="030 4711")["id"]
    post(f"/tickets/{ticket}/reply", body="Oil it, Ada.")
    stored = b"".join(each.value for each in log.store.load([UUID(ticket)])[UUID(ticket)])
    assert not [word for word in (b"Ada", b"Bell", b"bell", b"4711", b"Oil", b"ompany") if word in stored]
    log.keys.destroy(opened(log, ticket).contact)
    assert client.post(f"/tickets/{ticket}/reply", json={"body": "Hello?"}).status_code == 410
    erased = client.get(f"/tickets/{ticket}").json()
    assert (erased["subject"], [each["body"] for each in erased["messages"]]) == ("[erased]", ["[erased]"])
    finish(post, ticket)


def test_tickets_need_a_permission(client: TestClient, issuer: LocalIssuer) -> None:
    reader = {"Authorization": f"Bearer {issuer.issue('lee', ['service-desk:read'])}"}
    assert client.get("/tickets", headers=reader).status_code == 200
    assert client.post("/tickets", json=ADA, headers=reader).status_code == 403
