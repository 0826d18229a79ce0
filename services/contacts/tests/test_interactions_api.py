"""Interactions over HTTP: attachments, who may see and correct what, and through which address they came."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.log import Commands, EventLog, Step
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
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
