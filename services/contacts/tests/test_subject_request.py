"""Requests of people about their own data (C13): rules, timers, the list, and the API."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.decider import Unknown
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Context, EventLog, PostgresStore
from crm.chassis.runtime import Runtime
from crm.chassis.testing.scenarios import scenarios
from crm.chassis.testing.services import Projector
from crm.chassis.timers import TimerWorker
from crm.contacts.contact import contacts
from crm.contacts.honouring import honouring
from crm.contacts.objection import objection_stream
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.contacts.subject_request import (
    OVERDUE,
    REMINDER,
    SubjectRequest,
    complete,
    extend,
    note_overdue,
    receive,
    refuse,
    remind,
    start,
    subject_requests,
    timers,
    verify,
)
from crm.events.consents import ProcessingRestricted
from crm.events.requests import (
    SubjectIdentityVerified,
    SubjectRefusalExplained,
    SubjectRequestCompleted,
    SubjectRequestExtended,
    SubjectRequestFact,
    SubjectRequestOverdue,
    SubjectRequestReceived,
    SubjectRequestRefused,
    SubjectRequestReminded,
    SubjectRequestStarted,
)

given = scenarios(subject_requests)
CAME = datetime(2026, 3, 1, 9, tzinfo=UTC)
DUE = CAME + timedelta(days=30)
WARN = DUE - timedelta(days=7)
LATER = DUE + timedelta(days=60)
PERSON = UUID(int=7)
received = SubjectRequestReceived(contact=PERSON, kind="access", due_at=DUE, remind_at=WARN, note="by letter")
verified = SubjectIdentityVerified(method="id-document", checked_by="user:ada")
started = SubjectRequestStarted()
extended = SubjectRequestExtended(due_at=LATER, remind_at=LATER - timedelta(days=7), reason="many systems")
completed = SubjectRequestCompleted(answered_by="post")
refused = SubjectRequestRefused(reason="identity-not-proven")


def test_c13_a_request_is_due_thirty_days_after_it_was_received() -> None:
    asked = partial(receive, contact=PERSON, kind="access", received_at=CAME, note="by letter")
    given().when(asked).then(received)
    given(received).when(asked).then_rejected("received already")


def test_c13_no_work_before_the_identity_is_verified_but_a_refusal() -> None:
    given(received).when(start).then_rejected("verify the identity")
    given(received).when(complete).then_rejected("start working")
    given(received).when(refuse, reason="identity-not-proven").then(refused)
    explained = SubjectRefusalExplained(explanation="nobody showed who they are")
    given(received).when(refuse, reason="identity-not-proven", explanation=explained.explanation).then(
        explained, refused
    )
    given(received).when(verify, method="id-document", checked_by="user:ada").then(verified)
    given(received, verified).when(verify, method="other", checked_by="user:bob").then_nothing()
    given(received, verified).when(start).then(started)
    given(received, verified, started).when(start).then_nothing()
    given(received, verified, started).when(complete, answered_by="post").then(completed)


def test_c13_a_request_is_completed_when_everything_is_done_and_once() -> None:
    working = given(received, verified, started)
    working.when(complete, unfinished="Sales has not forgotten them.").then_rejected("sales")
    done = given(received, verified, started, completed)
    done.when(complete).then_nothing()
    done.when(refuse, reason="excessive").then_rejected("is completed")
    done.when(extend, reason="x", now=CAME).then_rejected("is completed")
    given(received, refused).when(refuse, reason="excessive").then_nothing()
    given(received, refused).when(verify, method="other", checked_by="user:ada").then_rejected("is refused")


def test_c13_a_request_is_extended_once_by_sixty_days_within_the_first_thirty() -> None:
    given(received).when(extend, reason="many systems", now=CAME).then(extended)
    given(received, extended).when(extend, reason="more", now=CAME).then_rejected("once")
    given(received).when(extend, reason="late", now=DUE + timedelta(seconds=1)).then_rejected("30 days are over")


def test_there_is_no_request_that_nobody_received() -> None:
    for command in (start, complete):
        given().when(command).then_rejected("no such request", Unknown)


def test_c13_an_open_request_waits_for_its_reminder_and_its_day() -> None:
    histories: list[tuple[list[SubjectRequestFact], dict[str, datetime]]] = [
        ([received], {REMINDER: WARN, OVERDUE: DUE}),
        ([received, SubjectRequestReminded(due_at=DUE)], {OVERDUE: DUE}),
        ([received, extended], {REMINDER: extended.remind_at, OVERDUE: LATER}),
        ([received, SubjectRequestReminded(due_at=DUE), SubjectRequestOverdue(due_at=DUE)], {}),
        ([received, refused], {}),
        ([received, verified, started, completed], {}),
    ]
    for history, waiting in histories:
        request = subject_requests.fold(history)
        assert isinstance(request, SubjectRequest)
        assert timers(request) == waiting


def test_c13_a_timer_that_is_late_decides_on_what_is_so_now() -> None:
    given(received).when(remind, due_at=WARN).then(SubjectRequestReminded(due_at=DUE))
    given(received).when(note_overdue, due_at=DUE).then(SubjectRequestOverdue(due_at=DUE))
    given(received, extended).when(note_overdue, due_at=DUE).then_nothing()
    given(received, extended).when(remind, due_at=WARN).then_nothing()
    given(received, refused).when(note_overdue, due_at=DUE).then_nothing()


def test_c13_what_is_overdue_is_recorded_for_its_day_also_if_the_worker_was_down(
    db: Database, keys: MemoryKeys
) -> None:
    log = service.log(PostgresStore(db), keys)
    request = uuid4()
    long_ago = datetime.now(UTC) - timedelta(days=90)
    do = log.commands(Context("user:ada", occurred_at=long_ago))
    do(subject_requests, request, partial(receive, contact=PERSON, kind="access", received_at=long_ago))
    worker = TimerWorker(service.timers, db, log)
    while worker.fire_due():
        pass
    due_at = long_ago + timedelta(days=30)
    facts = log.stream(request)
    assert [type(e.fact) for e in facts[1:]] == [SubjectRequestReminded, SubjectRequestOverdue]
    assert [e.occurred_at for e in facts[1:]] == [due_at - timedelta(days=7), due_at]
    assert facts[-1].actor == f"timer:{OVERDUE}"
    assert facts[-1].contact_ids == (PERSON,)


@pytest.fixture
def person(suite: TestClient) -> UUID:
    return UUID(suite.post("/contacts", json={"name": "Ada"}).raise_for_status().json()["id"])


@pytest.fixture
def ask(suite: TestClient, person: UUID) -> Callable[..., str]:
    """Takes a request in and returns its address."""

    def ask(kind: str = "access", **more: object) -> str:
        answer = suite.post("/requests", json={"contact_id": str(person), "kind": kind, **more}).raise_for_status()
        return str(answer.headers["Location"])

    return ask


def test_c13_a_request_goes_from_receipt_to_its_answer(suite: TestClient, ask: Callable[..., str]) -> None:
    request = ask(received_at="2026-03-01T09:00:00Z", note="wants to see everything")
    assert suite.post(f"{request}/start").status_code == 409
    suite.post(f"{request}/verify", json={"method": "call-back"}).raise_for_status()
    suite.post(f"{request}/start").raise_for_status()
    suite.post(f"{request}/complete", json={"answered_by": "email"}).raise_for_status()
    shown = suite.get(request).json()
    assert (shown["state"], shown["due_at"], shown["checked_by"]) == ("completed", "2026-03-31T09:00:00Z", "user:ada")
    assert shown["answered_by"] == "email"


def test_c13_requests_are_listed_by_their_day(suite: TestClient, views: Projector, ask: Callable[..., str]) -> None:
    late, soon = ask("erasure"), ask("access", received_at="2026-03-01T09:00:00Z")
    suite.post(f"{soon}/refuse", json={"reason": "other", "explanation": "no"}).raise_for_status()
    views.catch_up()
    ids = lambda **asked: [f"/requests/{each['id']}" for each in suite.get("/requests", params=asked).json()["items"]]  # noqa: E731
    assert ids() == [soon, late]
    assert ids(state="received") == [late]
    assert ids(kind="access") == [soon]
    assert ids(due_before="2026-04-01T00:00:00Z") == [soon]
    first = suite.get("/requests", params={"limit": 1}).json()
    assert ids(limit=1, cursor=first["next"]) == [late]


def test_c13_a_request_is_part_of_the_history_of_the_person(
    suite: TestClient, views: Projector, ask: Callable[..., str], person: UUID
) -> None:
    ask("object", note="no letters please")
    views.catch_up()
    newest = suite.get(f"/contacts/{person}/history").json()["items"][0]
    assert newest["type"] == "crm.contacts.subject-request-received.v1"
    assert newest["data"]["note"] == "no letters please"


def test_nobody_asks_for_a_stranger_and_no_answer_to_nothing(suite: TestClient, person: UUID) -> None:
    assert suite.post("/requests", json={"contact_id": str(uuid4()), "kind": "access"}).status_code == 404
    assert suite.get(f"/requests/{person}").status_code == 404
    assert suite.post("/requests", json={"contact_id": str(person), "kind": "gossip"}).status_code == 422


def test_c13_an_erasure_request_is_done_when_everybody_has_forgotten(
    suite: TestClient, ask: Callable[..., str], person: UUID
) -> None:
    request = ask("erasure")
    suite.post(f"{request}/verify", json={"method": "signed-in"}).raise_for_status()
    suite.post(f"{request}/start").raise_for_status()
    early = suite.post(f"{request}/complete", json={})
    assert (early.status_code, "not erased yet" in early.json()["detail"]) == (409, True)
    suite.delete(f"/contacts/{person}").raise_for_status()
    waiting = suite.post(f"{request}/complete", json={})
    assert (waiting.status_code, "sales" in waiting.json()["detail"]) == (409, True)


def test_c13_requests_of_an_erased_person_go_on_to_their_end(
    log: EventLog, suite: TestClient, ask: Callable[..., str], person: UUID
) -> None:
    request = ask("access", note="by letter")
    suite.delete(f"/contacts/{person}").raise_for_status()
    log.keys.destroy(person)
    assert suite.get(request).json()["note"] is None
    suite.post(f"{request}/refuse", json={"reason": "withdrawn"}).raise_for_status()
    assert suite.get(request).json()["state"] == "refused"


def test_c13_somebody_registered_is_who_a_request_is_about(log: EventLog) -> None:
    do = log.commands(Context("user:ada"))
    do(contacts, PERSON, partial(register, name="Ada"))
    request = uuid4()
    do(subject_requests, request, partial(receive, contact=PERSON, kind="access", received_at=CAME))
    assert log.stream(request)[0].contact_ids == (PERSON,)


def test_c13_who_asked_for_a_restriction_or_objects_is_not_processed_any_more(
    log: EventLog, runtime: Runtime, suite: TestClient, ask: Callable[..., str], person: UUID
) -> None:
    objected = partial(log.stream, objection_stream(person, "do_not_process"))
    for kind, raised in (("access", 0), ("object", 1), ("restrict", 1)):
        request = ask(kind)
        suite.post(f"{request}/verify", json={"method": "signed-in"}).raise_for_status()
        suite.post(f"{request}/start").raise_for_status()
        suite.post(f"{request}/complete", json={"answered_by": "email"}).raise_for_status()
        completed = log.stream(UUID(request.rsplit("/", 1)[1]))[-1]
        for _ in range(2):
            honouring.answer(completed, runtime)
        assert len(objected()) == raised
    assert isinstance(objected()[0].fact, ProcessingRestricted)
