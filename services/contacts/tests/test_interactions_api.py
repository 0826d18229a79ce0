"""Interactions over HTTP: attachments, kinds, who may see and correct what, and through what they came."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import Commands, EventLog, Step
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.contacts.interaction import KINDS
from crm.events.interactions import InteractionAmended, InteractionLogged, InteractionRetracted

Register = Callable[..., UUID]
CALL: dict[str, Any] = {"kind": "call", "subject": "Price"}
OFFER = {
    "name": "offer.pdf", "media_type": "application/pdf", "url": "https://files.example/1",
    "size_bytes": 10_000, "sha256": "ab" * 32,
}  # fmt: skip


def log_call(api: TestClient, contact: UUID, **more: Any) -> UUID:
    answer = api.post(f"/contacts/{contact}/interactions", json=CALL | more).raise_for_status()
    return UUID(answer.json()["id"])


def test_files_are_kept_by_reference(api: TestClient, registered: Register, log: EventLog) -> None:
    call = log_call(api, registered(), attachments=[OFFER], visibility="hr")
    (fact,) = log.stream(call)
    assert isinstance(fact.fact, InteractionLogged)
    assert (fact.fact.attachments[0].name, fact.fact.attachments[0].sha256) == ("offer.pdf", "ab" * 32)
    for wrong in ({"url": "file:///etc/passwd"}, {"media_type": "pdf"}, {"sha256": "x"}, {"size_bytes": -1}):
        answer = api.post(f"/contacts/{registered('Bob')}/interactions", json=CALL | {"attachments": [OFFER | wrong]})
        assert (answer.status_code, answer.json()["field"]) == (422, f"attachments.0.{next(iter(wrong))}")


def test_c10_amending_keeps_author_and_moment_unless_another_is_given(
    api: TestClient, registered: Register, log: EventLog
) -> None:
    ada = registered()
    call = log_call(api, ada, occurred_at="2026-03-02T09:00:00Z")
    path = f"/contacts/{ada}/interactions/{call}/amend"
    written = api.post(path, json={"subject": "The price"}, headers={"If-Match": '"1"'}).raise_for_status().json()
    assert (written["id"], written["version"]) == (str(call), 2)
    assert api.post(path, json={"subject": "Else"}, headers={"If-Match": '"1"'}).status_code == 412
    api.post(path, json={"occurred_at": "2026-03-01T09:00:00Z"}).raise_for_status()
    amended = [each.fact for each in log.stream(call)[1:]]
    assert [type(each) for each in amended] == [InteractionAmended, InteractionAmended]
    assert [f"{each.took_place_at:%d} {each.subject} {each.author}" for each in amended] == [  # type: ignore[attr-defined]
        "02 The price user:ada",
        "01 The price user:ada",
    ]
    assert api.post(path, json={}).json()["version"] == 3


def test_c10_retracting_is_final(api: TestClient, registered: Register, log: EventLog) -> None:
    ada = registered()
    call = log_call(api, ada)
    path = f"/contacts/{ada}/interactions/{call}"
    assert api.post(f"{path}/retract", json={}).json()["field"] == "reason"
    api.post(f"{path}/retract", json={"reason": "Wrong person"}).raise_for_status()
    assert isinstance(log.stream(call)[-1].fact, InteractionRetracted)
    assert api.post(f"{path}/retract", json={"reason": "Again"}).json()["version"] == 2
    assert api.post(f"{path}/amend", json={"subject": "Else"}).status_code == 409


@pytest.mark.parametrize("what", ["amend", "retract"])
def test_an_interaction_is_reached_by_its_own_contact_only(api: TestClient, registered: Register, what: str) -> None:
    ada, bob = registered(), registered("Bob")
    call, body = log_call(api, ada), {"amend": {"subject": "Else"}, "retract": {"reason": "No"}}[what]
    assert api.post(f"/contacts/{bob}/interactions/{call}/{what}", json=body).status_code == 404
    assert api.post(f"/contacts/{ada}/interactions/{uuid4()}/{what}", json=body).status_code == 404
    assert api.post(f"/contacts/{ada}/interactions/{bob}/{what}", json=body).status_code == 404
    assert api.post(f"/contacts/{uuid4()}/interactions/{call}/{what}", json=body).status_code == 404


def test_c10_what_one_may_not_see_one_cannot_correct(
    api: TestClient, registered: Register, as_agent: Callable[..., TestClient]
) -> None:
    ada = registered()
    bob = as_agent("bob", "contacts:write", "contacts:read")
    private = log_call(api, ada, visibility="private")
    own = log_call(bob, ada, visibility="private")
    hr = log_call(bob, ada, visibility="hr")

    def statuses(client: TestClient) -> list[int]:
        paths = [f"/contacts/{ada}/interactions/{each}/amend" for each in (private, own, hr)]
        return [client.post(each, json={"body": "More"}).status_code for each in paths]

    assert statuses(bob) == [404, 200, 404]
    assert statuses(as_agent("eve", "contacts:write", "contacts:read-private")) == [200, 200, 404]
    assert statuses(as_agent("eve", "contacts:write", "contacts:read-hr")) == [404, 404, 200]


def test_c9_what_came_through_an_address_is_recorded_with_its_original_holder(
    api: TestClient, registered: Register, log: EventLog, do: Commands
) -> None:
    ada = registered(emails=["ada@example.com"], phones=["030 1234567"])
    assert log.stream(log_call(api, ada, via="ADA@example.com"))[0].contact_ids == (ada,)
    assert log.stream(log_call(api, ada, via="+49 30 1234567"))[0].contact_ids == (ada,)
    assert log.stream(log_call(api, ada, via="unheard-of@example.com"))[0].contact_ids == (ada,)
    assert log.stream(log_call(api, ada, via="at the fair"))[0].contact_ids == (ada,)
    bob = registered("Bob", emails=["bob@example.com"])
    answer = api.post(f"/contacts/{ada}/interactions", json=CALL | {"via": "bob@example.com"})
    assert (answer.status_code, answer.json()["field"]) == (409, "via")
    assert str(bob) in answer.json()["detail"]
    alias = uuid4()
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=ada)), Step(contacts, ada, partial(recognise, alias=alias))
    )
    assert api.post(f"/contacts/{alias}/interactions", json=CALL).status_code == 409


COUNTER: dict[str, Any] = {"kind": "external", "subject": "At the counter", "system": "till", "external_id": "A-7"}


def test_c10_a_kind_that_there_is_not_is_refused_by_name_with_the_choices(
    api: TestClient, registered: Register
) -> None:
    ada = registered()
    call = log_call(api, ada, kind="letter")
    for path in ("", f"/{call}/amend"):
        answer = api.post(f"/contacts/{ada}/interactions{path}", json=CALL | {"kind": "dance"})
        assert (answer.status_code, answer.json()["field"]) == (422, "kind")
        assert all(each in answer.json()["detail"] for each in KINDS)
    kinds = api.get("/openapi.json").json()["components"]["schemas"]["LogInteraction"]["properties"]["kind"]["enum"]
    assert kinds == list(KINDS)


def test_c14_what_another_system_recorded_needs_its_name(api: TestClient, registered: Register, log: EventLog) -> None:
    ada = registered()
    answer = api.post(f"/contacts/{ada}/interactions", json=CALL | {"kind": "external"})
    assert (answer.status_code, answer.json()["field"]) == (409, "system")
    call = log_call(api, ada)
    path = f"/contacts/{ada}/interactions/{call}/amend"
    assert api.post(path, json={"kind": "external"}).json()["field"] == "system"
    api.post(path, json={"kind": "external", "system": " till ", "external_id": "A-7"}).raise_for_status()
    amended = log.stream(call)[-1].fact
    assert isinstance(amended, InteractionAmended)
    assert (amended.kind, amended.system, amended.external_id) == ("external", "till", "A-7")


def test_c14_a_record_of_another_system_told_twice_is_one_interaction(
    api: TestClient, registered: Register, log: EventLog
) -> None:
    ada = registered()
    path = f"/contacts/{ada}/interactions"
    first = api.post(path, json=COUNTER)
    assert (first.status_code, first.json()["warnings"]) == (201, [])
    again = api.post(path, json=COUNTER | {"kind": "visit", "subject": "Otherwise", "system": "TILL"})
    assert (again.status_code, again.json()["id"], again.json()["version"]) == (200, first.json()["id"], 1)
    assert again.json()["warnings"][0]["field"] == "external_id"
    assert len(log.stream(UUID(first.json()["id"]))) == 1
    other = api.post(path, json=COUNTER | {"external_id": "A-8"})
    assert (other.status_code, other.json()["id"] != first.json()["id"]) == (201, True)


def test_c14_of_two_who_tell_of_a_record_at_once_the_second_is_answered_with_the_first(
    api: TestClient, registered: Register, log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = registered()
    first = log_call(api, ada, **COUNTER)
    holder, looks = log.holder, iter([None])

    def behind(kind: str, match_key: str) -> UUID | None:
        return next(looks, holder(kind, match_key))  # it was not there yet at the first look

    monkeypatch.setattr(log, "holder", behind)
    answer = api.post(f"/contacts/{ada}/interactions", json=COUNTER)
    assert (answer.status_code, answer.json()["id"]) == (200, str(first))
    assert list(looks) == []


def test_c14_a_record_is_not_told_of_somebody_else_unnoticed(
    api: TestClient, registered: Register, do: Commands
) -> None:
    ada, bob, alias = registered(), registered("Bob"), uuid4()
    call = log_call(api, ada, **COUNTER)
    answer = api.post(f"/contacts/{bob}/interactions", json=COUNTER)
    assert (answer.status_code, answer.json()["field"]) == (409, "external_id")
    assert str(ada) in answer.json()["detail"] and str(call) in answer.json()["detail"]
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=ada)), Step(contacts, ada, partial(recognise, alias=alias))
    )
    assert api.post(f"/contacts/{ada}/interactions", json=COUNTER).json()["id"] == str(call)


def test_c14_what_was_retracted_may_be_told_anew_and_an_id_moves_with_its_amendment(
    api: TestClient, registered: Register
) -> None:
    ada = registered()
    first, second = log_call(api, ada, **COUNTER), log_call(api, ada, **COUNTER | {"external_id": "A-8"})
    path = f"/contacts/{ada}/interactions"
    taken = api.post(f"{path}/{second}/amend", json={"external_id": "A-7"})
    assert (taken.status_code, str(first) in taken.json()["detail"]) == (409, True)
    api.post(f"{path}/{second}/amend", json={"external_id": "A-9"}).raise_for_status()
    assert log_call(api, ada, **COUNTER | {"external_id": "A-9"}) == second
    api.post(f"{path}/{first}/retract", json={"reason": "Wrong person"}).raise_for_status()
    assert log_call(api, ada, **COUNTER) not in (first, second)
