"""Importing: any dialect and encoding, the API's rules, a report, and nothing twice however often killed (C12)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi.testclient import TestClient

from crm.chassis.database import Database
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import PostgresStore
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.contacts.importing import running
from crm.contacts.importing.job import take
from crm.contacts.importing.journal import Journal
from crm.contacts.importing.worker import work_off
from crm.contacts.service import service
from crm.events import summarise
from crm.events.contacts import ContactRegistered
from crm.events.import_rows import ImportRowMatched, ImportRowRejected
from crm.events.imports import ImportCompleted

from .conftest import client_of
from .importer import Killed


@pytest.fixture
def runtime(database: str, settings: Settings) -> Iterator[Runtime]:
    migrate(database, (CHASSIS, *service.migrations))
    opened, keys = Database(database), MemoryKeys()
    yield Runtime(settings, opened, keys, service.log(PostgresStore(opened), keys))
    opened.close()


@pytest.fixture
def client(tmp_path: Path, runtime: Runtime, settings: Settings) -> TestClient:
    return client_of(tmp_path, runtime.log, settings, database=runtime.database)


def upload(client: TestClient, content: bytes, **fields: str) -> UUID:
    answer = client.post("/imports", files={"file": ("people.csv", content)}, data=fields)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


def run(runtime: Runtime) -> None:
    while job := take(runtime.database):
        work_off(runtime, job)


def facts(runtime: Runtime, kind: type) -> list[Any]:
    found, after = [], None
    while page := runtime.log.read(after, 500):
        after = page[-1].position
        found += [fact for each in {s.stream: s for s in page} for fact in runtime.log.stream(each)]
    return sorted((e.fact for e in found if isinstance(e.fact, kind)), key=lambda fact: str(fact))


PEOPLE = (
    "Name;E-Mail;Telefon;Straße;PLZ;Ort;Land\nJürgen Müller;j.mueller@example.org;030 1234567;Weg 1;10115;Berlin;de\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_c12_any_encoding_and_dialect_is_read(client: TestClient, runtime: Runtime, encoding: str) -> None:
    upload(client, (PEOPLE + "Zoë Faß;zoe@example.org;;;;;\n" * 1).encode(encoding))
    run(runtime)
    people = {fact.name: fact for fact in facts(runtime, ContactRegistered)}
    assert set(people) == {"Jürgen Müller", "Zoë Faß"}
    juergen = people["Jürgen Müller"]
    assert (juergen.emails, juergen.phones[0].e164, str(juergen.address)) == (
        ["j.mueller@example.org"],
        "+49301234567",
        "Weg 1, 10115 Berlin, DE",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_c12_quoted_fields_may_hold_delimiters_and_line_breaks(
    client: TestClient, runtime: Runtime, delimiter: str
) -> None:
    rows = [["name", "email", "street"], [f'"Ada{delimiter} Countess"', "ada@example.org", '"One\nTwo"']]
    rows += [[f"Person {n}", f"p{n}@example.org", "Street"] for n in range(5)]
    upload(client, "\n".join(delimiter.join(row) for row in rows).encode())
    run(runtime)
    names = {fact.name for fact in facts(runtime, ContactRegistered)}
    assert " ".join(f"Ada{delimiter} Countess".split()) in names
    assert len(names) == 6


def test_c12_rows_are_rejected_with_line_field_and_reason(client: TestClient, runtime: Runtime) -> None:
    content = (
        "name,email,country\nAda,not an address,GB\nBob,bob@example.org,Atlantis\n,,\nCleo,cleo@example.org,FR\n,,DE\n"
    )
    import_id = upload(client, content.encode())
    run(runtime)
    rejected = facts(runtime, ImportRowRejected)
    assert sorted((each.line, each.field) for each in rejected) == [(2, "email"), (3, "country"), (6, "name")]
    assert not any("address," in summarise(each) or "Atlantis" in each.reason for each in rejected)
    answer = client.get(f"/imports/{import_id}").json()
    assert (answer["status"], answer["registered"], answer["rejected"], answer["rows"]) == (
        "completed_with_errors",
        1,
        3,
        4,
    )


def test_c12_duplicates_in_the_file_and_in_the_base_are_told_apart(client: TestClient, runtime: Runtime) -> None:
    known = client.post("/contacts", json={"name": "Ada", "emails": ["ADA@example.org"]}).json()["id"]
    upload(client, b"name,email\nAda L,ada@Example.org\nBob,bob@example.org\nRobert,BOB@example.org\n")
    run(runtime)
    ada, bob = sorted(facts(runtime, ImportRowMatched), key=lambda each: each.line)
    assert (ada.line, str(ada.contact), ada.matched_by, ada.earlier_line) == (2, known, "email", None)
    assert (bob.line, bob.matched_by, bob.earlier_line) == (4, "email", 3)


def test_c12_a_duplicate_of_an_earlier_batch_names_its_line(
    client: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    upload(client, b"name,email\nA,a@example.org\nB,b@example.org\nC,c@example.org\nA2,a@example.org\n")
    run(runtime)
    assert [(each.line, each.earlier_line) for each in facts(runtime, ImportRowMatched)] == [(5, 2)]


def test_a_given_mapping_counts_instead_of_the_header(client: TestClient, runtime: Runtime) -> None:
    mapping = json.dumps({"who": "name", "where": "email"})
    upload(client, b"who,where,email\nAda,ada@example.org,nonsense\n", mapping=mapping)
    run(runtime)
    assert [fact.emails for fact in facts(runtime, ContactRegistered)] == [["ada@example.org"]]


@pytest.mark.parametrize(
    ("content", "mapping", "field"),
    [
        (b"", None, "file"),
        (b"\x00\x01\x02\xff" * 50, None, "file"),
        (b"colour,size\nred,1\n", None, "mapping"),
        (b"name\nAda\n", '{"nome": "name"}', "mapping.nome"),
        (b"name\nAda\n", '{"name": "nickname"}', "mapping.name"),
        (b"name\nAda\n", "not json", "mapping"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_at_once(
    client: TestClient, content: bytes, mapping: str | None, field: str
) -> None:
    answer = client.post("/imports", files={"file": ("x.csv", content)}, data={"mapping": mapping} if mapping else None)
    assert answer.status_code == 422, answer.text
    assert answer.json()["field"] == field


@pytest.mark.parametrize("dies_after", range(1, 8))
def test_c12_killed_at_any_batch_it_resumes_and_nothing_comes_twice(
    client: TestClient, runtime: Runtime, monkeypatch: pytest.MonkeyPatch, dies_after: int
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    rows = [f"P{n},p{n % 5}@example.org" if n % 4 else f"P{n},broken" for n in range(12)]
    import_id = upload(client, "\n".join(["name,email", *rows]).encode())
    steps, count = iter(range(100)), Journal.count

    def die(*arguments: Any) -> bool:
        if next(steps) == dies_after // 2 and dies_after % 2:
            raise Killed  # between the append and the count
        counted = count(*arguments)
        if next(steps) == dies_after:
            raise Killed
        return counted

    monkeypatch.setattr(Journal, "count", die)
    job = take(runtime.database)
    assert job
    try:
        work_off(runtime, job)
    except Killed:
        monkeypatch.setattr(Journal, "count", count)
        with runtime.database.connection() as connection:
            connection.execute("UPDATE imports SET leased_until = NULL")
        run(runtime)
    answer = client.get(f"/imports/{import_id}").json()
    assert (answer["rows"], answer["registered"], answer["matched"], answer["rejected"]) == (12, 5, 4, 3)
    assert len(facts(runtime, ContactRegistered)) == 5
    assert [each.rows for each in facts(runtime, ImportCompleted)] == [12]


def test_the_same_file_again_is_the_same_import(client: TestClient, runtime: Runtime) -> None:
    first = upload(client, PEOPLE.encode())
    run(runtime)
    assert upload(client, PEOPLE.encode()) == first
    run(runtime)
    assert len(facts(runtime, ContactRegistered)) == 1


def test_nothing_of_the_file_stays_behind(client: TestClient, runtime: Runtime) -> None:
    upload(client, PEOPLE.encode())
    with runtime.database.connection() as connection:
        waiting = str(connection.execute("SELECT content FROM import_chunks").fetchall())
        assert "Müller" not in waiting
        run(runtime)
        assert connection.execute("SELECT count(*) FROM import_chunks").fetchone() == (0,)


def test_c13_a_row_about_somebody_who_was_erased_is_recognised_and_refused(
    client: TestClient, runtime: Runtime
) -> None:
    ada = client.post("/contacts", json={"name": "Ada", "emails": ["ada@example.org"]}).json()["id"]
    client.delete(f"/contacts/{ada}").raise_for_status()
    upload(client, b"name,email\nAda,ADA@example.org\nBob,bob@example.org\n")
    run(runtime)
    (rejected,) = facts(runtime, ImportRowRejected)
    assert (rejected.line, rejected.field) == (2, "email")
    assert "erased on request" in rejected.reason and "ada" not in rejected.reason.lower()
    assert "Bob" in [fact.name for fact in facts(runtime, ContactRegistered)]
