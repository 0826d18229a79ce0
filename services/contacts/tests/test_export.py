"""Exports: any list as CSV, JSON Lines or vCard, safe in a spreadsheet, and importable again without a change."""

import json
import re

import pytest

from crm.chassis.testing.services import Projector, empty
from crm.contacts.exporting import people, workplaces
from crm.contacts.exporting.tables import guarded
from crm.contacts.service import service

from .importer import Importer

ADA = {
    "emails": ["ada@example.org", "ada@home.example"],
    "phones": ["+49 30 5550101", "030/5550102", "x"],
    "address": {"street": 'Weg "1", Hof; links', "city": "Zürich", "postal_code": "08001", "country": "CH"},
    "external_ids": [{"system": "shop", "id": "A;1:%2"}, {"system": "import", "id": "7"}],
}


@pytest.fixture
def filled(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> Importer:
    monkeypatch.setattr(people, "PER_PAGE", 2)
    importer.register("Ada Lovelace, Countess; Müller", **ADA)
    importer.register("=HYPERLINK(1)", emails=["-x@example.org"])
    importer.register("+Plus\\Slash", emails=["plus@example.org"], phones=["0171 5550103"])
    importer.register("名前 " * 30, emails=["name@example.org"])
    importer.register("Zoe", emails=["zoe@example.org"])
    importer.views.catch_up()
    return importer


@pytest.fixture
def employed(filled: Importer) -> Importer:
    """Some of them belong somewhere: to one of two accounts of one name, to one in the past, to two."""
    people = {name.partition(" ")[0].rstrip(","): each["id"] for name, each in filled.people().items()}
    first, twin = filled.account('=Müller; "Söhne", \\ & Co'), filled.account('=MÜLLER; "Söhne", \\ & co')
    for who, where, more in (
        ("Ada", twin, {"role": "Head; of, all\nthings", "department": "R&D, Lab; \\ 2", "primary": True}),
        ("Ada", filled.account("Side"), {"role": "Advisor"}),
        ("Zoe", first, {"role": "+Boss", "primary": True}),
        ("+Plus\\Slash", first, {"valid_to": "2020-12-31"}),
        ("名前", filled.account("Ｆｕｌｌ  Width"), {"department": "営業", "primary": True}),
    ):
        filled.client.put(f"/contacts/{people[who]}/accounts/{where}", json=more).raise_for_status()
    filled.views.catch_up()
    return filled


def exported(importer: Importer, **params: object) -> bytes:
    answer = importer.client.get("/exports/contacts", params=params)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize(
    "params",
    [
        {"format": "csv"},
        {"format": "csv", "delimiter": ";", "bom": True},
        {"format": "csv", "delimiter": "tab"},
        {"format": "vcf"},
    ],
)
def test_c12_what_was_exported_and_is_imported_again_changes_nothing(
    filled: Importer, params: dict[str, object]
) -> None:
    plan = filled.dry_run(exported(filled, **params), on_match="update")
    assert [each["outcome"] for each in plan.values()] == ["unchanged"] * 5, plan


@pytest.mark.parametrize("format", ["csv", "vcf"])
def test_c12_where_people_work_is_exported_and_imported_again_without_a_change(employed: Importer, format: str) -> None:
    before = employed.work()
    plan = employed.dry_run(exported(employed, format=format), on_match="update")
    assert [each["outcome"] for each in plan.values()] == ["unchanged"] * 5, plan
    job = employed.imported(exported(employed, format=format), on_match="update")
    assert (job["matched"], employed.work()) == (5, before)


@pytest.mark.parametrize("format", ["csv", "vcf"])
def test_c12_what_was_exported_and_is_imported_in_an_empty_deployment_is_exported_the_same(
    employed: Importer, format: str
) -> None:
    def without_ids(file: bytes) -> str:
        return re.sub("[0-9a-f]{8}(-[0-9a-f]{4,12}){4}", "", file.decode()).casefold()

    file, runtime = exported(employed, format=format), employed.runtime
    empty(runtime.database)
    elsewhere = Importer(employed.client, runtime, Projector(service, runtime.database, runtime.log))
    job = elsewhere.imported(file)
    assert (job["registered"], job["accounts"], job["affiliated"]) == (5, 2, 3), elsewhere.report(job["id"])
    assert without_ids(exported(elsewhere, format=format)) == without_ids(file)


def test_json_lines_tell_the_primary_account_of_today(employed: Importer) -> None:
    lines = [json.loads(each) for each in exported(employed, format="jsonl").splitlines()]
    work = {each["name"]: (each["organisation"], each["job_title"], each["department"]) for each in lines}
    assert work["Zoe"] == ('=Müller; "Söhne", \\ & Co', "+Boss", None)
    assert work["+Plus\\Slash"] == (None, None, None)  # they have left


def test_an_organisation_is_named_only_to_whom_its_owner_allows(
    employed: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workplaces, "others_of", lambda log, territory, accounts: set(accounts))
    assert "Boss" not in exported(employed).decode()


def test_c12_an_export_imported_elsewhere_makes_the_same_people(filled: Importer) -> None:
    before = filled.people()
    file = exported(filled)
    import_id = filled.upload(file, key="none")  # everybody is known here, so every row is in conflict
    filled.run()
    assert filled.job(import_id)["conflicts"] == 5
    assert filled.people() == before


def test_a_cell_that_a_spreadsheet_would_run_is_guarded(filled: Importer) -> None:
    text = exported(filled, columns=["name", "phone"]).decode()
    assert "\n'=HYPERLINK(1)," in text
    assert "'+Plus" in text
    assert not any(line.startswith(("=", "+", "-", "@")) for line in text.splitlines())
    assert [guarded(each) for each in ("@x", "\tx", "-1", "a=b", "")] == ["'@x", "'\tx", "'-1", "a=b", ""]


def test_a_file_for_excel_is_marked(filled: Importer) -> None:
    assert exported(filled, bom=True).startswith(b"\xef\xbb\xbfname,")
    assert exported(filled).startswith(b"name,")


def test_columns_are_chosen_and_the_list_is_filtered(filled: Importer) -> None:
    text = exported(filled, columns=["city", "name"], search="ada").decode()
    assert text.splitlines() == ["city,name", 'Zürich,"Ada Lovelace, Countess; Müller"']


def test_json_lines_tell_what_the_api_tells(filled: Importer) -> None:
    lines = [json.loads(each) for each in exported(filled, format="jsonl").splitlines()]
    assert len(lines) == 5
    ada = next(each for each in lines if each["name"].startswith("Ada"))
    assert ada["phones"][0] == {"phone": "+49 30 5550101", "e164": "+49305550101", "verified": False}
    assert ada["address"]["city"] == "Zürich"
    assert (ada["organisation"], ada["job_title"], ada["department"]) == (None, None, None)


def test_lines_of_cards_are_folded_and_no_character_is_cut(filled: Importer) -> None:
    content = exported(filled, format="vcf")
    assert all(len(line) <= 75 for line in content.split(b"\r\n"))
    assert ("名前 " * 30).strip() in content.replace(b"\r\n ", b"").decode()
