"""Organisations are imported too, matched by what another system calls them (C12)."""

from crm.contacts.importing.columns import kind_of
from crm.events.accounts import AccountDomainAdded, AccountRegistered, AccountRenamed
from crm.events.affiliations import AffiliationRoleChanged, AffiliationStarted

from .importer import Importer

FILE = "Record ID,Company name,Company Domain Name,City,Country/Region,Type\n"


def test_a_table_of_company_names_without_people_holds_accounts() -> None:
    assert kind_of(FILE.split(",")) == "accounts"
    assert kind_of(["Company name", "First name", "E-Mail"]) == "people"


def test_c12_affiliations_join_people_and_accounts_that_are_known(importer: Importer) -> None:
    ada = importer.register("Ada", emails=["ada@example.org"])
    importer.imported((FILE + "1,Acme,,,,\n").encode())
    rows = "email,account,role,valid_from\nADA@example.org,1,Analyst,2024-01-01\n"
    first = importer.imported(rows.encode(), kind="affiliations")
    assert (first["updated"], first["rejected"]) == (1, 0), importer.report(first["id"])
    (started,) = importer.facts(AffiliationStarted)
    assert (str(started.contact), started.role) == (ada, "Analyst")
    more = rows + "ada@example.org,2,,\nbob@example.org,1,,\nada@example.org,1,Countess,2024-01-01\n"
    second = importer.imported(more.encode(), kind="affiliations")
    assert (second["updated"], second["matched"], second["rejected"]) == (1, 1, 2)
    fields = {line: each["field"] for line, each in importer.report(second["id"]).items()}
    assert fields == {2: None, 3: "account", 4: "email", 5: None}
    assert [each.role for each in importer.facts(AffiliationRoleChanged)] == ["Countess"]


def test_c12_accounts_are_imported_and_changed_by_their_id(importer: Importer) -> None:
    first = importer.imported((FILE + "1,Acme,acme.example,Berlin,DE,partner\n2,Umbra,,,DE,friend\n").encode())
    assert (first["kind"], first["registered"], first["rejected"]) == ("accounts", 1, 1)
    (acme,) = importer.facts(AccountRegistered)
    assert (acme.name, acme.kind, acme.domains, acme.address.city) == ("Acme", "partner", ["acme.example"], "Berlin")
    again = FILE + "1,Acme Group,https://www.acme.test.example/x,,,\n1,Acme Third,,,,\n3,New,,,,\n"
    plan = importer.dry_run(again.encode(), on_match="update")
    assert [each["outcome"] for each in plan.values()] == ["update", "duplicate", "create"]
    second = importer.imported(again.encode(), on_match="update")
    assert (second["registered"], second["updated"], second["matched"]) == (1, 1, 1)
    assert [each.name for each in importer.facts(AccountRenamed)] == ["Acme Group"]
    assert [each.domain for each in importer.facts(AccountDomainAdded)] == ["acme.test.example"]
    report = importer.report(second["id"])
    assert (report[2]["outcome"], report[3]["earlier_line"]) == ("updated", 2)
    assert report[2]["account"] and report[2]["contact"] is None
