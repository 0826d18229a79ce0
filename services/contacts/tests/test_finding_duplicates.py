"""Finding duplicates as contacts change and in a scan of all of them, and deciding over HTTP (C5)."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, Context, EventLog, MemoryStore
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.services import Projector
from crm.contacts.contact import contacts
from crm.contacts.duplicates import blocks, scanning
from crm.contacts.duplicates.deciding import deciding
from crm.contacts.duplicates.matching import Matching
from crm.contacts.duplicates.normalising import traits_of
from crm.contacts.duplicates.scanning import Scanning, take
from crm.contacts.duplicates.suggesting import judge
from crm.contacts.duplicates.weighing import Population
from crm.contacts.lookup import find
from crm.contacts.merge_case import case_stream, merge_cases, suggest
from crm.contacts.reach import verify_email
from crm.contacts.registration import register
from crm.events.duplicates import DuplicateScanCompleted, DuplicateSuggested

HOME = {"street": "Zwetschgenweg 5", "postal_code": "10115", "city": "Berlin", "country": "DE"}


@pytest.fixture
def runtime(settings: Settings, db: Database, keys: MemoryKeys, log: EventLog) -> Runtime:
    return Runtime(settings, db, keys, log)


@pytest.fixture
def person(suite: TestClient) -> Callable[..., str]:
    """Registers somebody over HTTP and returns the id."""

    def register(name: str, **more: Any) -> str:
        answer = suite.post("/contacts", json={"name": name, **more})
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    return register


@pytest.fixture
def match(runtime: Runtime, views: Projector) -> Callable[[], None]:
    """Lets the views and the role `matching` catch up."""
    matching = Matching(runtime)

    def catch_up() -> None:
        views.catch_up()
        while matching.turn():
            views.catch_up()

    return catch_up


def queue(suite: TestClient, **asked: Any) -> list[Any]:
    answer = suite.get("/duplicates", params=asked)
    assert answer.is_success, answer.text
    return list(answer.json()["items"])


def scan(suite: TestClient, runtime: Runtime) -> Any:
    made = suite.post("/duplicates/scan")
    assert made.status_code == 201, made.text
    while job := take(runtime):
        Scanning(runtime, job).work_off()
    return suite.get(made.headers["Location"]).json()


def test_c5_who_resembles_somebody_known_is_suggested_with_evidence(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None]
) -> None:
    person("Olga Weiss", emails=["olga@example.org"])
    one = person("Anna Zwetschgenbaum", address=HOME)
    match()
    assert queue(suite) == []
    other = person("Zwetschgenbaum, Anna", address=HOME | {"street": "Zwetschgenweg 5a"})
    match()
    (pair,) = queue(suite)
    assert {pair["first"], pair["second"]} == {one, other}
    assert pair["score"] > 0.99
    assert pair["rule"] == "likeness"
    assert {"given name: same", "family name: same", "street: same but for number"} <= set(pair["evidence"])
    shown = suite.get(f"/duplicates/{pair['id']}").json()
    assert {shown["first"]["name"], shown["second"]["name"]} == {"Anna Zwetschgenbaum", "Zwetschgenbaum, Anna"}


def test_c5_a_contact_that_changes_is_compared_again(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None]
) -> None:
    person("Anna Zwetschgenbaum", address=HOME)
    other = person("Olga Weiss")
    match()
    suite.patch(f"/contacts/{other}", json={"name": "Anna Zwetschgenbaum", "address": HOME}).raise_for_status()
    match()
    assert len(queue(suite)) == 1
    suite.patch(f"/contacts/{other}", json={"name": "Olga Weiss", "address": None}).raise_for_status()
    match()
    assert queue(suite) == []
    assert len(queue(suite, status="withdrawn")) == 1


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


def test_c13_erased_people_leave_the_queue_and_are_not_suggested(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], db: Database
) -> None:
    one = person("Anna Zwetschgenbaum", address=HOME)
    person("Anna Zwetschgenbaum", address=HOME)
    match()
    case = queue(suite)[0]["id"]
    suite.delete(f"/contacts/{one}").raise_for_status()
    person("Anna Zwetschgenbaum", address=HOME)
    match()
    assert [one in (each["first"], each["second"]) for each in queue(suite)] == [False]
    assert suite.get(f"/duplicates/{case}").status_code == 410
    with db.connection() as connection:
        (left,) = connection.execute("SELECT count(*) FROM match_keys_v1 WHERE contact_id = %s", (one,)).fetchone() or (
            None,
        )
    assert left == 0


def test_c5_a_scan_finds_the_same_pairs_as_following_the_changes(
    suite: TestClient, person: Callable[..., str], match: Callable[[], None], runtime: Runtime, views: Projector
) -> None:
    names = ["Anna Zwetschgenbaum", "Anna Zwetschgenbaun", "Moritz Zwetschgenbaum", "Olga Weiss"]
    for name in names:
        person(name, address=HOME)
    views.catch_up()
    done = scan(suite, runtime)
    assert (done["status"], done["progress"], done["contacts"], done["suggested"]) == ("completed", 1.0, 4, 1)
    views.catch_up()
    (pair,) = queue(suite)
    match()
    assert [each["id"] for each in queue(suite)] == [pair["id"]]
    assert scan(suite, runtime)["suggested"] == 0


class Killed(BaseException):
    """The process dies here."""


@pytest.mark.parametrize("dies_after", range(4))
def test_c5_a_scan_killed_anywhere_goes_on_and_suggests_nothing_twice(
    suite: TestClient,
    person: Callable[..., str],
    runtime: Runtime,
    views: Projector,
    monkeypatch: pytest.MonkeyPatch,
    dies_after: int,
) -> None:
    monkeypatch.setattr(scanning, "PAIRS_A_PART", 1)
    monkeypatch.setattr(blocks, "CONTACTS_A_SHARE", 3)
    people = [person(name, address=HOME) for name in ("Anna Zwetschgenbaum", "Ana Zwetschgenbaum", "Anna Zwetschgen")]
    for n in range(6):
        person(f"Somebody Else{n}", address=HOME | {"street": f"Weg {n}"})
    views.catch_up()
    made = suite.post("/duplicates/scan").json()
    note, steps = Scanning._note, iter(range(1_000))

    def die(self: Scanning, *arguments: Any) -> None:
        if next(steps) == dies_after:
            raise Killed  # between the append and the note
        note(self, *arguments)

    monkeypatch.setattr(Scanning, "_note", die)
    job = take(runtime)
    assert job
    with pytest.raises(Killed):
        Scanning(runtime, job).work_off()
    monkeypatch.setattr(Scanning, "_note", note)
    assert take(runtime) is None  # leased
    with runtime.database.connection() as connection:
        connection.execute("UPDATE duplicate_scans SET leased_until = NULL")
    job = take(runtime)
    assert job
    Scanning(runtime, job).work_off()
    answer = suite.get(f"/duplicates/scans/{made['id']}").json()
    assert answer["status"] == "completed"
    facts = [e.fact for each in {s.stream for s in runtime.log.read(None, 10_000)} for e in runtime.log.stream(each)]
    suggested = [fact for fact in facts if isinstance(fact, DuplicateSuggested)]
    pairs = {frozenset((str(fact.first), str(fact.second))) for fact in suggested}
    assert len(suggested) == len(pairs)
    assert frozenset(people[:2]) in pairs
    assert sum(isinstance(fact, DuplicateScanCompleted) for fact in facts) == 1


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
