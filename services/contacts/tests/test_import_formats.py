"""Files as people have them: exports of other programs, and vCards, are recognised by what is in them (C12)."""

from typing import Any

import pytest

from crm.contacts.importing.cards import cards_of, types_of, values_of
from crm.contacts.importing.columns import kind_of, recognise
from crm.contacts.importing.countries import country_code
from crm.contacts.importing.sources import columns_of, source_of
from crm.contacts.importing.values import Unusable
from crm.contacts.importing.workplaces import Workplace, workplace_in
from crm.events.particulars import ExternalId

from .importer import FILES, Importer


def fields_of(job: dict[str, Any]) -> dict[str, str]:
    return {each["header"]: each["field"] for each in job["columns"]}


def recognised(importer: Importer, file: str) -> dict[str, Any]:
    return importer.job(importer.upload((FILES / file).read_bytes(), start=False))


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("google.csv", "google"),
        ("google-legacy.csv", "google"),
        ("outlook.csv", "outlook"),
        ("hubspot.csv", "hubspot"),
        ("salesforce.csv", "salesforce"),
    ],
)
def test_c12_exports_of_other_programs_are_recognised_and_import_whole(
    importer: Importer, file: str, source: str
) -> None:
    answer = recognised(importer, file)
    assert (answer["source"], answer["kind"], answer["status"]) == (source, "people", "mapped")
    importer.step(answer["id"], "start")
    done = importer.job(answer["id"])
    assert (done["status"], done["rejected"]) == ("completed", 0), importer.report(answer["id"])


@pytest.mark.parametrize(
    ("file", "work"),
    [
        ("google.csv", {"Ada King Lovelace": ("Analytical Engines", "Analyst", "Numbers")}),
        ("google-legacy.csv", {"Grace Hopper": ("Navy", "Admiral", None)}),
        (
            "outlook.csv",
            {"Jürgen Müller": ("Nordlicht GmbH", "Leiter", "Einkauf"), "Mary Shelley": ("Villa Diodati", None, None)},
        ),
        ("hubspot.csv", {"Alan Turing": ("Bletchley", None, None), "Joan Clarke": ("Bletchley", None, None)}),
        ("salesforce.csv", {"Rosalind Franklin": ("King's Lab", "Chemist", None)}),
        ("cards.vcf", {"Emmy Noether": ("Universität Göttingen", "Professorin", "Mathematik")}),
    ],
)
def test_c12_the_work_of_people_is_read_from_every_format(
    importer: Importer, file: str, work: dict[str, tuple[str | None, ...]]
) -> None:
    importer.imported((FILES / file).read_bytes())
    assert {name: at[0][:3] for name, at in importer.work().items() if at} == work
    hubspot = {"system": "hubspot", "id": "9001"} in importer.accounts().get("Bletchley", {}).get("external_ids", [])
    assert hubspot == (file == "hubspot.csv")


def workplace(*cells: str) -> Workplace | None:
    fields = ("organisation", "account_id:hubspot", "job_title", "department")
    return workplace_in({field: [cell] for field, cell in zip(fields, cells, strict=False) if cell})


def test_c12_of_several_ids_nobody_can_tell_which_is_meant() -> None:
    assert workplace() is None
    assert workplace("Acme", "1", "Boss") == Workplace("Acme", (ExternalId("hubspot", "1"),), "Boss")
    assert workplace("Acme;Beta", "1; 2") == Workplace("Acme")
    assert workplace("Acme; Beta", "1") == Workplace("Acme; Beta", (ExternalId("hubspot", "1"),))
    assert workplace("Acme", "n/a") == Workplace("Acme")
    assert Workplace("n/a").claims == ()  # names of nothing in particular (C3)


def test_c12_the_preferred_organisation_of_a_card_is_not_completed_by_another_one() -> None:
    card = "BEGIN:VCARD\nVERSION:4.0\nFN:Ada\nORG;PREF=2:Acme;Lab\nORG;PREF=1:Beta\\; Co\nROLE:Lead\n{}END:VCARD\n"
    assert values_of(card.format("")) == {"name": ["Ada"], "organisation": ["Beta; Co"], "job_title": ["Lead"]}
    both = values_of(card.format("TITLE:Boss\n"))
    assert not isinstance(both, Unusable)
    assert both["job_title"] == ["Boss", "Lead"]


def test_c12_the_ids_of_exported_accounts_are_those_that_exports_of_people_name() -> None:
    accounts = ["Account ID", "Account Name", "Billing City"]
    assert (kind_of(accounts), source_of(accounts)) == ("accounts", "salesforce")
    assert columns_of(accounts, "salesforce", "accounts")["0"] == "external_id:salesforce"
    people = ["Id", "AccountId", "LastName", "MailingStreet", "Title", "Department"]
    fields = ["external_id:salesforce", "account_id:salesforce", "last_name", "street", "job_title", "department"]
    assert list(columns_of(people, source_of(people), "people").values()) == fields
    hubspot = ["Record ID", "Company Name", "Email", "Associated Company", "Associated Company IDs", "Department"]
    named = columns_of(hubspot, source_of(hubspot), "people")
    assert {hubspot[int(place)]: field for place, field in named.items()} == {
        "Record ID": "external_id:hubspot",
        "Email": "email",
        "Associated Company": "organisation",
        "Associated Company IDs": "account_id:hubspot",
        "Department": "department",
    }


def test_c12_google_contacts_with_several_values_in_a_cell(importer: Importer) -> None:
    importer.imported((FILES / "google.csv").read_bytes())
    people = importer.people()
    assert set(people) == {"Ada King Lovelace", "Zoë Faß", "somebody@shop.example"}
    ada = people["Ada King Lovelace"]
    assert [each["email"] for each in ada["emails"]] == [
        "ada@engines.example",
        "ada@home.example",
        "ada.k@home.example",
    ]
    assert [each["e164"] for each in ada["phones"]] == ["+442079460101", "+447700900101"]
    assert (ada["address"]["street"], ada["address"]["country"]) == ("12 St James's Square", "GB")


def test_c12_an_outlook_address_is_never_made_of_two(importer: Importer) -> None:
    importer.imported((FILES / "outlook.csv").read_bytes())
    people = importer.people()
    assert people["Mary Shelley"]["address"] == {
        "street": "Rue du Lac 5",
        "postal_code": "1200",
        "city": "Genève",
        "region": "GE",
        "country": "CH",
    }
    assert people["Jürgen Müller"]["address"]["street"] == "Weg 1"
    assert len(people["Jürgen Müller"]["phones"]) == 2  # a fax is no telephone


def test_c12_ids_of_other_systems_are_kept_as_theirs(importer: Importer) -> None:
    importer.imported((FILES / "hubspot.csv").read_bytes())
    importer.imported((FILES / "salesforce.csv").read_bytes())
    people = importer.people()
    assert people["Alan Turing"]["external_ids"] == [{"system": "hubspot", "id": "50101"}]
    assert people["Rosalind Franklin"]["external_ids"] == [{"system": "salesforce", "id": "0035e00000AbCdE"}]


def test_c12_what_is_recognised_is_shown_with_its_header(importer: Importer) -> None:
    answer = recognised(importer, "hubspot.csv")
    fields = fields_of(answer)
    assert fields["Record ID"] == "external_id:hubspot"
    assert fields["Associated Company"] == "organisation"
    assert "Contact owner" not in fields
    assert fields["Associated Company IDs"] == "account_id:hubspot"
    assert all(each["kept"] for each in answer["columns"])


def test_c12_vcards_of_all_versions(importer: Importer) -> None:
    import_id = importer.upload((FILES / "cards.vcf").read_bytes())
    importer.run()
    people = importer.people()
    assert set(people) == {"Emmy Noether", "Sofja Kowalewskaja", "Jürgen Müller"}
    emmy = people["Emmy Noether"]
    assert [each["email"] for each in emmy["emails"]] == ["emmy@uni.example", "emmy@home.example"]  # preferred first
    assert [each["phone"] for each in emmy["phones"]] == ["+49 551 550109"]
    assert emmy["address"]["street"] == "Weender Landstraße 1, Hof, links"
    assert emmy["address"]["country"] == "DE"
    assert people["Sofja Kowalewskaja"]["phones"][0]["e164"] == "+4685550110"
    assert people["Sofja Kowalewskaja"]["address"]["street"] == "Gatan 2; B"
    assert people["Jürgen Müller"]["phones"][0]["e164"] == "+491715550111"
    report = importer.report(import_id)
    assert {line: each["field"] for line, each in report.items() if each["outcome"] == "rejected"} == {
        31: None,
        35: "email",
    }


def test_types_are_split_however_they_are_written() -> None:
    import vobject

    for written in ('TYPE="voice,home"', "TYPE=voice,home", "TYPE=VOICE;TYPE=HOME", "VOICE;HOME"):
        card = vobject.readOne(f"BEGIN:VCARD\nVERSION:3.0\nTEL;{written}:1\nEND:VCARD\n", transform=False)
        assert types_of(next(line for line in card.lines() if line.name == "TEL")) == {"voice", "home"}


def test_cards_come_one_by_one_and_a_cut_one_is_told() -> None:
    lines = ["junk\n", "BEGIN:VCARD\n", "FN:A\n", "BEGIN:VCARD\n", "VERSION:3.0\n", "FN:B\n", "END:VCARD\n"]
    first, second = cards_of(lines)
    assert (first[0], second[0]) == (2, 4)
    assert isinstance(values_of(first[1]), Unusable)
    assert values_of(second[1]) == {"name": ["B"]}


@pytest.mark.parametrize(
    ("entered", "code"),
    [("de", "DE"), ("Germany", "DE"), ("Deutschland", "DE"), ("allemagne", "DE"), ("USA", "US"), ("Atlantis", None)],
)
def test_countries_are_read_by_code_and_by_name(entered: str, code: str | None) -> None:
    assert country_code(entered) == code


def test_a_plain_table_is_no_export_of_a_known_program() -> None:
    header = ["Name", "E-Mail", "Telefon", "import_line", "import_field", "import_reason"]
    assert source_of(header) == "generic"
    assert columns_of(header, "generic", "people") == {"0": "name", "1": "email", "2": "phone"}
    assert recognise(["consent:email:news", "name"], "people") == {"0": "consent:email:news", "1": "name"}


def test_a_table_that_tells_when_something_was_said_holds_interactions() -> None:
    assert kind_of(["E-Mail", "Subject", "Date", "Type"]) == "interactions"
    assert kind_of(["Name", "E-Mail", "Date"]) == "people"
