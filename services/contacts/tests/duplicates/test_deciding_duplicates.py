"""What people decide about pairs over HTTP, and what follows by itself (C5)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.auth import LocalIssuer
from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, MemoryStore
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing import services
from crm.chassis.testing.services import Projector
from crm.contacts.contact import contacts
from crm.contacts.duplicates.deciding import deciding
from crm.contacts.duplicates.normalising import traits_of
from crm.contacts.duplicates.suggesting import judge
from crm.contacts.duplicates.weighing import Population
from crm.contacts.lookup import find
from crm.contacts.merge_case import case_stream, merge_cases, suggest
from crm.contacts.reach import verify_email
from crm.contacts.registration import register
from crm.contacts.service import service
from crm.events.duplicates import DuplicateSuggested

from .conftest import HOME, queue, scan


def test_c5_a_dismissed_pair_is_not_suggested_again_unless_somebody_asks(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], runtime: Runtime, views: Projector
) -> None:
    one, other = (person("Anna Zwetschgenbaum", address=HOME) for _ in range(2))
    match()
    path = f"/duplicates/{queue(suite)[0]['id']}"
    suite.post(f"{path}/dismiss", json={"reason": "mother and daughter"}).raise_for_status()
    suite.patch(f"/contacts/{one}", json={"name": "Dr. Anna Zwetschgenbaum"}).raise_for_status()
    match()
    scan(suite, runtime)
    views.catch_up()
    assert queue(suite) == []
    assert suite.post(f"{path}/approve", json={}).status_code == 409
    asked = suite.post("/duplicates", json={"first": other, "second": one})
    assert asked.status_code == 201
    assert asked.headers["Location"] == path
    views.catch_up()
    assert queue(suite)[0]["rule"] == "by-hand"
    approved = suite.post(f"{path}/approve", json={"survivor": other})
    assert approved.json()["id"] == path.removeprefix("/duplicates/")
    assert suite.get(f"/contacts/{one}").json()["id"] == other
    views.catch_up()
    assert len(queue(suite, status="merged")) == 1


def answered(log: EventLog, runtime: Runtime) -> None:
    """Lets the policy answer every fact, twice, as after a restart."""
    for _ in range(2):
        for sealed in log.read(None, 10_000):
            if sealed.type in deciding.types:
                deciding.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)


@pytest.mark.parametrize("rule", ["likeness", "verified-identifier"])
@pytest.mark.parametrize("auto_merge", [False, True])
def test_c5_two_identified_contacts_never_merge_by_themselves_without_a_shared_verified_identifier(
    log: EventLog, do: Commands, runtime: Runtime, settings: Settings, rule: Any, auto_merge: bool
) -> None:
    first, second = sorted((uuid4(), uuid4()))
    for each in (first, second):
        do(contacts, each, partial(register, name="Anna Zwetschgenbaum"))
    fact = DuplicateSuggested(first=first, second=second, score=1.0, rule=rule, evidence=[])
    do(merge_cases, case_stream(first, second), partial(suggest, suggested=fact))
    wanted = settings.model_copy(update={"auto_merge": auto_merge})
    answered(log, Runtime(wanted, runtime.database, runtime.keys, log))
    assert log.get(merge_cases, case_stream(first, second)).state.status == "suggested"
    assert {find(log, each).contact_id for each in (first, second)} == {first, second}


@pytest.mark.parametrize("auto_merge", [False, True])
def test_c5_an_exact_verified_identifier_merges_by_itself_only_where_a_deployment_wants_it(
    keys: MemoryKeys, runtime: Runtime, settings: Settings, auto_merge: bool
) -> None:
    log = EventLog("contacts", MemoryStore(), keys)
    do = log.commands(Context("user:ada"))
    sharing = replace(contacts, claims=None)  # a deployment that lets people share an address (C3)
    first, second = sorted((uuid4(), uuid4()))
    for each in (first, second):
        do(sharing, each, partial(register, name="Anna", emails=["anna@example.org"]))
        do(sharing, each, partial(verify_email, email="anna@example.org"))
    anna, annie = (traits_of(each, name="Anna", verified=["email:anna@example.org"]) for each in (first, second))
    suggestion = judge(anna, annie, Population())
    assert suggestion
    assert suggestion.rule == "verified-identifier"
    do(merge_cases, case_stream(first, second), partial(suggest, suggested=suggestion.fact))
    wanted = settings.model_copy(update={"auto_merge": auto_merge})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm.contacts.proposal.contacts", sharing)
        answered(log, Runtime(wanted, runtime.database, keys, log))
    status = log.get(merge_cases, case_stream(first, second)).state.status
    assert status == ("merged" if auto_merge else "suggested")
    assert (find(log, first).contact_id == find(log, second).contact_id) is auto_merge


def test_c5_a_merge_made_elsewhere_closes_the_case_and_an_unmerge_dismisses_it(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], runtime: Runtime, log: EventLog
) -> None:
    one, other = (person("Anna Zwetschgenbaum", address=HOME) for _ in range(2))
    match()
    suite.post(f"/contacts/{one}/merge", json={"absorb": [other]}).raise_for_status()
    answered(log, runtime)
    match()
    assert queue(suite) == []
    (merged,) = queue(suite, status="merged")
    merge_id = suite.get(f"/duplicates/{merged['id']}").json()["merge_id"]
    third = person("Zwetschgenbaum, Anna", address=HOME)
    match()
    (pair,) = queue(suite)  # one pair with the person, not one with each of the ids
    assert {pair["first"], pair["second"]} == {third, suite.get(f"/contacts/{other}").json()["id"]}
    undone = suite.post(f"/contacts/{other}/unmerge", json={"merge_id": merge_id, "reason": "Twins"})
    undone.raise_for_status()
    answered(log, runtime)
    match()
    assert [each["id"] for each in queue(suite, status="dismissed")] == [merged["id"]]


def test_c5_ids_of_one_person_and_strangers_cannot_be_asked_about(
    suite: TestClient, person: Callable[..., str]
) -> None:
    one = person("Anna Zwetschgenbaum")
    assert suite.post("/duplicates", json={"first": one, "second": one}).status_code == 409
    assert suite.post("/duplicates", json={"first": one, "second": str(UUID(int=1))}).status_code == 404
    assert suite.get(f"/duplicates/{UUID(int=1)}").status_code == 404
    assert suite.get(f"/duplicates/scans/{UUID(int=1)}").status_code == 404


def test_c5_the_queue_is_paged_from_the_likeliest_down(
    suite: TestClient, person: Callable[..., str], views: Projector
) -> None:
    people = [person(f"Anna Zwetschgenbaum{'x' * n}", address=HOME) for n in range(3)]
    for one, other in combinations(people, 2):
        suite.post("/duplicates", json={"first": one, "second": other}).raise_for_status()
    views.catch_up()
    first = suite.get("/duplicates", params={"limit": 2}).json()
    rest = suite.get("/duplicates", params={"limit": 2, "cursor": first["next"]}).json()
    scores = [each["score"] for each in (*first["items"], *rest["items"])]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 3
    assert rest["next"] is None
    assert len(queue(suite, min_score=scores[0])) == scores.count(scores[0])


def test_c5_only_who_may_merge_decides(tmp_path: Path, log: EventLog, settings: Settings, db: Database) -> None:
    issuer = LocalIssuer(tmp_path / "issuer")
    api = services.api_of(service, issuer, log, settings, db)
    with services.client_of(api, issuer.issue("kim", ["contacts:read", "contacts:write"])) as kim:
        case, pair = f"/duplicates/{uuid4()}", {"first": str(uuid4()), "second": str(uuid4())}
        asked = {"/duplicates": pair, "/duplicates/scan": {}, f"{case}/dismiss": {}, f"{case}/approve": {}}
        assert {path: kim.post(path, json=body).status_code for path, body in asked.items()} == dict.fromkeys(
            asked, 403
        )
