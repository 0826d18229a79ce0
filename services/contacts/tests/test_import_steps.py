"""An import step by step: it waits, is mapped, rehearsed, started, cancelled, and its rejected rows come back (C12)."""

from datetime import timedelta
from typing import Any

import pytest

from crm.contacts.importing import running
from crm.contacts.importing.expiring import expire
from crm.contacts.importing.journal import Journal
from crm.contacts.importing.rejects import ADDED
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.contacts import ContactRegistered
from crm.events.import_rows import ImportRowApplied
from crm.events.imports import ImportCancelled, ImportCompleted, ImportRehearsed

from .importer import Importer

KNOWN = {"emails": ["ada@example.org"], "phones": ["+49 30 5550101"], "address": {"city": "London", "country": "GB"}}


def test_c12_a_file_waits_until_its_columns_are_known_and_it_is_started(importer: Importer) -> None:
    import_id = importer.upload(b"who,where\nAda,ada@example.org\n", start=False)
    assert importer.job(import_id)["status"] == "uploaded"
    refused = importer.client.post(f"/imports/{import_id}/start")
    assert (refused.status_code, refused.json()["field"]) == (409, "mapping")
    importer.step(import_id, "mapping", mapping={"who": "name", "where": "email"}, key="email", on_match="update")
    answer = importer.job(import_id)
    assert (answer["status"], answer["key"], answer["on_match"]) == ("mapped", "email", "update")
    assert [(each["header"], each["field"]) for each in answer["columns"]] == [("who", "name"), ("where", "email")]
    importer.step(import_id, "dry-run")
    importer.step(import_id, "start")
    assert importer.job(import_id)["status"] == "completed"
    assert [fact.name for fact in importer.facts(ContactRegistered)] == ["Ada"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mapping": {"nome": "name"}}, "mapping.nome"),
        ({"mapping": {"name": "nickname"}}, "mapping.name"),
        ({"mapping": {"name": "phone"}}, "mapping"),
        ({"key": "colour"}, "key"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(importer: Importer, body: dict[str, Any], field: str) -> None:
    import_id = importer.upload(b"name,email\nAda,ada@example.org\n", start=False)
    answer = importer.client.post(f"/imports/{import_id}/mapping", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


ROWS = (
    "name,email,external_id:shop,city,country\n"
    "New Person,new@example.org,,,\n"
    "Ada Lovelace,ada@example.org,,,\n"  # says what is known
    "Ada Lovelace,ADA@example.org,,,\n"  # once more
    "Bob,bob@example.org,A1,,\n"  # what the shop calls Ada
    "Cleo,not an address,,,\n"
    "New Again,new@example.org,,,\n"
)


def test_c12_a_dry_run_lists_what_each_row_would_do_and_changes_nothing(importer: Importer) -> None:
    ada = importer.register("Ada Lovelace", **KNOWN, external_ids=[{"system": "shop", "id": "A1"}])
    before = len(importer.runtime.log.read(None, 1_000))
    plan = importer.dry_run(ROWS.encode(), key="email", on_match="update")
    assert {line: each["outcome"] for line, each in plan.items()} == {
        2: "create",
        3: "unchanged",
        4: "unchanged",
        5: "conflict",
        6: "unusable",
        7: "duplicate",
    }
    assert (plan[5]["field"], plan[5]["contact_id"]) == ("external_id", ada)
    assert plan[7]["earlier_line"] == 2
    added = list(importer.runtime.log.read(None, 1_000)[before:])
    assert {each.type.split(".")[2] for each in added} == {"import-uploaded", "import-mapped", "import-rehearsed"}
    (rehearsed,) = importer.facts(ImportRehearsed)
    assert (rehearsed.created, rehearsed.updated, rehearsed.matched, rehearsed.conflicts) == (1, 0, 3, 1)


def test_c12_a_dry_run_and_the_run_decide_alike(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 2)  # what an earlier batch would do is known to a later one
    importer.register("Ada Lovelace", **KNOWN, external_ids=[{"system": "shop", "id": "A1"}])
    content = (ROWS + "Ada King,ada@example.org,,Paris,FR\nAda Third,ada@example.org,,,\n").encode()
    import_id = importer.upload(content, start=False, key="email", on_match="update")
    importer.step(import_id, "dry-run")
    plan = {each["line"]: each["outcome"] for each in importer.whole(f"/imports/{import_id}/dry-run")}
    planned = importer.job(import_id)
    importer.step(import_id, "start")
    done = importer.job(import_id)
    assert plan[8] == "update" and plan[9] == "duplicate"
    counts = ("registered", "updated", "matched", "rejected", "conflicts", "rows")
    assert [planned[each] for each in counts] == [done[each] for each in counts] == [1, 1, 4, 2, 1, 8]
    said = {"rejected": "unusable", "conflict": "conflict", "updated": "update"}
    for line, row in importer.report(import_id).items():
        assert plan[line] == said.get(row["outcome"], plan[line]), line


def test_c12_an_update_adds_what_is_new_and_empty_never_overwrites(importer: Importer) -> None:
    ada = importer.register("Ada", **KNOWN)
    content = b"name,email,phone,street,id\nAda Lovelace,ada@example.org;ada@home.example,,St James 12,77\n"
    import_id = importer.imported(content, key="email", on_match="update")["id"]
    contact = importer.client.get(f"/contacts/{ada}").json()
    assert contact["name"] == "Ada Lovelace"
    assert [each["email"] for each in contact["emails"]] == ["ada@example.org", "ada@home.example"]
    assert [each["phone"] for each in contact["phones"]] == ["+49 30 5550101"]
    assert (contact["address"]["street"], contact["address"]["city"]) == ("St James 12", "London")
    assert contact["external_ids"] == [{"system": "import", "id": "77"}]
    facts = importer.whole(f"/contacts/{ada}/history")
    mine = [each for each in facts if each["actor"] == f"import:{import_id}"]
    assert {each["channel"] for each in mine} == {"import"}
    assert len(mine) == 5  # renamed, moved, e-mail, external id, and that the row did it


def test_c12_a_name_that_is_only_an_address_renames_nobody(importer: Importer) -> None:
    importer.register("Ada", **KNOWN)
    answer = importer.imported(b"email\nada@example.org\n", key="email", on_match="update")
    assert (answer["updated"], answer["matched"]) == (0, 1)


@pytest.mark.parametrize(
    ("key", "outcomes"),
    [
        ("any", ["known", "create"]),
        ("email", ["known", "unusable"]),
        ("phone", ["conflict", "create"]),
        ("none", ["conflict", "create"]),
        ("external_id:shop", ["known", "unusable"]),
        ("external_id:other", ["unusable", "unusable"]),
    ],
)
def test_c12_rows_are_matched_by_the_key_that_was_chosen(importer: Importer, key: str, outcomes: list[str]) -> None:
    importer.register("Ada", **KNOWN, external_ids=[{"system": "shop", "id": "A1"}])
    content = b"name,email,phone,external_id:shop\nAda,ada@example.org,+49 30 7770000,A1\nBob,,+49 30 7770001,\n"
    plan = importer.dry_run(content, key=key)
    assert [plan[line]["outcome"] for line in (2, 3)] == outcomes


def test_c12_rejected_rows_come_back_as_a_file_that_can_be_corrected_and_imported(importer: Importer) -> None:
    content = (
        "Name;E-Mail;Land;Farbe\nJürgen;j@example.org;DE;rot\nZoë;falsch;DE;blau\nBob;b@example.org;Atlantis;\nKurz\n"
    )
    answer = importer.imported(content.encode("cp1252"))
    assert (answer["status"], answer["registered"], answer["rejected"]) == ("completed_with_errors", 1, 3)
    fetched = importer.client.get(answer["rejected_file"])
    assert fetched.headers["content-type"].startswith("text/csv")
    text = fetched.content.decode("cp1252")
    header, zoe, bob, short = text.splitlines()
    assert header == ";".join(["Name", "E-Mail", "Land", "Farbe", *ADDED])
    assert zoe.startswith("Zoë;falsch;DE;blau;3;email;") and bob.split(";")[4:6] == ["4", "country"]
    assert short.startswith("Kurz;;;;5;;")
    corrected = text.replace("falsch", "zoe@example.org").replace("Atlantis", "Österreich").replace("Kurz;;", "Kurz;;")
    again = importer.imported(corrected.replace("Kurz;", "Kurz Lang;").encode("cp1252"))
    assert (again["registered"], again["rejected"], again["source"]) == (3, 0, "generic")
    assert again["rejected_file"] is None


def test_c12_rejected_rows_corrected_wrongly_come_back_with_the_same_columns(importer: Importer) -> None:
    first = importer.imported(b"name,email\nAda,wrong\nBob,bob@example.org\n")
    content = importer.client.get(first["rejected_file"]).content
    second = importer.imported(content.replace(b"wrong", b"still wrong"))
    header, row = importer.client.get(second["rejected_file"]).text.splitlines()
    assert header == "name,email,import_line,import_field,import_reason"
    assert row.startswith("Ada,still wrong,2,email,")


def test_c12_rejected_cards_come_back_as_cards(importer: Importer) -> None:
    card = b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada\r\nEMAIL:wrong\r\nEND:VCARD\r\n"
    answer = importer.imported(card)
    text = importer.client.get(answer["rejected_file"]).text
    assert "X-IMPORT-FIELD:email" in text
    again = importer.imported(text.replace("wrong", "ada@example.org").encode())
    assert (again["registered"], again["rejected"]) == (1, 0)


def test_of_a_file_only_rejected_rows_are_kept_encrypted_and_not_for_ever(importer: Importer) -> None:
    answer = importer.imported("name,email\nMüller,wrong\nFine,fine@example.org\n".encode())
    with importer.runtime.database.connection() as connection:
        kept = connection.execute("SELECT content FROM import_chunks").fetchall()
    assert len(kept) == 1
    assert "Müller" not in str(kept)
    assert "fine" not in importer.client.get(answer["rejected_file"]).text
    expire(importer.runtime, timedelta(days=30))
    assert importer.job(answer["id"])["rejected_file"]
    expire(importer.runtime, timedelta(0))
    assert importer.job(answer["id"])["rejected_file"] is None
    assert importer.client.get(f"/imports/{answer['id']}/rejected.csv").status_code == 404


def test_the_rejected_rows_can_be_discarded_before(importer: Importer) -> None:
    answer = importer.imported(b"name,email\nAda,wrong\n")
    assert importer.client.delete(f"/imports/{answer['id']}/file").status_code == 204
    assert importer.client.get(answer["rejected_file"]).status_code == 404


def test_a_file_that_nobody_starts_is_given_up(importer: Importer) -> None:
    import_id = importer.upload(b"name,email\nAda,ada@example.org\n", start=False)
    expire(importer.runtime, timedelta(0))
    assert importer.job(import_id)["status"] == "cancelled"
    assert len(importer.facts(ImportCancelled)) == 1


def test_a_cancelled_import_stops_where_it_is(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "BATCH", 1)
    import_id = importer.upload(b"name\nA\nB\nC\n")
    count = Journal.count

    def count_and_cancel(self: Journal, *arguments: Any) -> bool:
        counted = count(self, *arguments)
        importer.client.post(f"/imports/{import_id}/cancel").raise_for_status()
        return counted

    monkeypatch.setattr(Journal, "count", count_and_cancel)
    importer.run()
    answer = importer.job(import_id)
    assert answer["status"] == "cancelled"
    assert answer["rows"] < 3
    assert not importer.facts(ImportCompleted)


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("dies_at", [0, 1, 2])
def test_c12_an_update_killed_anywhere_comes_to_the_same(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, dies_at: int, counted: bool
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    for n in range(3):
        importer.register(f"Old {n}", emails=[f"p{n}@example.org"])
    rows = [f"New {n},p{n}@example.org" for n in range(6)]
    import_id = importer.upload("\n".join(["name,email", *rows]).encode(), key="email", on_match="update")
    importer.run_with_a_kill(dies_at, counted=counted)
    answer = importer.job(import_id)
    assert (answer["registered"], answer["updated"], answer["matched"], answer["rows"]) == (3, 3, 0, 6)
    assert len(importer.facts(ImportRowApplied)) == 3
    assert set(importer.people()) == {f"New {n}" for n in range(6)}


CONSENT = "name,email,consent:email:news,consent_wording,consent_evidence\n"


def test_c12_consent_is_granted_only_with_evidence_and_never_over_a_withdrawal(importer: Importer) -> None:
    gone = importer.register("Gone", emails=["gone@example.org"])
    body = {"channel": "email", "purpose": "news", "source": "letter"}
    importer.client.post(f"/contacts/{gone}/consents/withdraw", json=body).raise_for_status()
    content = CONSENT + (
        "Gone,gone@example.org,yes,v2,form 1\n"
        "Proven,proven@example.org,yes,v2,form 2\n"
        "Unproven,unproven@example.org,yes,,\n"
        "Opposed,opposed@example.org,no,,\n"
    )
    answer = importer.imported(content.encode(), key="email", on_match="update")
    assert (answer["registered"], answer["rejected"]) == (2, 1)
    assert [each.wording_version for each in importer.facts(ConsentGranted)] == ["v2"]
    assert len(importer.facts(ConsentWithdrawn)) == 2
    report = importer.report(answer["id"])
    assert "was withdrawn" in report[2]["reason"]
    assert report[4]["field"] == "consent:email:news"


def test_c12_birthdays_tags_and_custom_attributes_are_recorded_by_the_rules_of_the_api(importer: Importer) -> None:
    importer.define("size", "number")
    importer.define("colour", "choice", choices=["red", "blue"])
    ada = importer.register("Ada", emails=["ada@example.org"])
    content = (
        "name,email,birthday,tags,attribute:size,attribute:colour\n"
        "Ada,ada@example.org,1815-12-10,vip;maths,42,red\n"
        "Bob,bob@example.org,01.02.1990,,7.5,\n"
        "Cleo,cleo@example.org,2/3/90,,,\n"
        "Dan,dan@example.org,,,big,\n"
    )
    answer = importer.imported(content.encode(), key="email", on_match="update")
    assert (answer["registered"], answer["updated"], answer["rejected"]) == (1, 1, 2)
    contact = importer.client.get(f"/contacts/{ada}").json()
    assert (contact["birthday"], contact["tags"]) == ("1815-12-10", ["maths", "vip"])
    fields = {line: each["field"] for line, each in importer.report(answer["id"]).items() if each["field"]}
    assert fields == {4: "birthday", 5: "attributes.size"}
    exported = importer.client.get("/exports/contacts").content
    again = importer.dry_run(exported, on_match="update")
    assert [each["outcome"] for each in again.values()] == ["unchanged", "unchanged"], exported


def test_c12_what_is_required_of_a_contact_is_required_of_a_row(importer: Importer) -> None:
    importer.define("size", "number", required=True)
    answer = importer.imported(b"name,email\nAda,ada@example.org\n")
    assert (answer["registered"], importer.report(answer["id"])[2]["field"]) == (0, "attributes.size")


def test_import_templates_are_saved_and_used_again(importer: Importer) -> None:
    body = {"mapping": {"who": "name", "where": "email"}, "key": "email", "on_match": "update"}
    assert importer.client.put("/import-templates/Fair list", json=body).status_code == 200
    importer.views.catch_up()
    assert [each["name"] for each in importer.whole("/import-templates")] == ["Fair list"]
    assert importer.client.get("/import-templates/fair LIST").json()["mapping"] == body["mapping"]
    answer = importer.imported(b"who,where\nAda,ada@example.org\n", mapping_template="Fair list")
    assert (answer["registered"], answer["on_match"]) == (1, "update")
    unknown = importer.client.post("/imports", files={"file": b"a\n1\n"}, data={"mapping_template": "nothing"})
    assert (unknown.status_code, unknown.json()["field"]) == (422, "mapping_template")
    wrong = importer.client.put("/import-templates/x", json={"mapping": {"who": "nickname"}})
    assert wrong.status_code == 409


def test_c3_a_number_that_somebody_has_is_imported_as_shared_as_the_deployment_says(importer: Importer) -> None:
    made = importer.client.post("/contacts", json={"name": "House", "phones": ["030 901820"]}).raise_for_status()
    job = importer.imported(b"name,email,phone\nBob,bob@example.org,030 901820\n", key="email")
    assert (job["registered"], job["conflicts"]) == (1, 0)
    bob = importer.client.get("/identities", params={"email": "bob@example.org"}).json()["contact_id"]
    assert importer.client.get(f"/contacts/{bob}").json()["phones"][0]["shared"] is True
    holder = importer.client.get("/identities", params={"phone": "030901820"}).json()["contact_id"]
    assert holder == made.json()["id"]


def test_c3_nobody_is_taken_for_whom_they_share_an_address_with(importer: Importer) -> None:
    ada = importer.register("Ada", emails=["info@example.org"])
    shared = importer.client.post(f"/contacts/{ada}/identifiers/share", json={"email": "info@example.org"})
    shared.raise_for_status()
    job = importer.imported(b"name,email\nBob,info@example.org\n")
    assert (job["registered"], job["matched"], job["conflicts"]) == (1, 0, 0)
    assert importer.client.get(f"/contacts/{ada}").json()["name"] == "Ada"
