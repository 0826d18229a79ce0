"""Rows of people say where somebody works: the account, once, and what they are there (C12)."""

from typing import Any

import pytest

from crm.chassis.log import PostgresStore
from crm.contacts.account_name import NAMED, name_key
from crm.contacts.importing import running
from crm.contacts.importing.employing import Employing
from crm.events.accounts import AccountExternalIdLinked, AccountRegistered
from crm.events.affiliations import AffiliationRoleChanged, AffiliationStarted
from crm.events.import_rows import ImportRowApplied, ImportRowRegistered
from crm.events.imports import ImportCompleted, ImportRehearsed

from .importer import FILES, Importer

HEADER = "name,email,company,job title,department\n"
STAFF = (
    HEADER
    + "Ada,ada@example.org,Acme,Analyst,Research\n"
    + "Bob,bob@example.org, ACME ,,\n"
    + "Cleo,cleo@example.org,Acme GmbH,Director,\n"
    + "Dan,dan@example.org,,,\n"
)
update = {"key": "email", "on_match": "update"}


def written(importer: Importer) -> int:
    """How many facts there are that are not of imports themselves."""
    return len([e for e in importer.runtime.log.read(None, 10_000) if "crm.contacts.import-" not in e.type])


def test_c12_spellings_of_a_name_meet_and_legal_forms_do_not() -> None:
    assert name_key("  ＡＣＭＥ\u00a0 Straße ") == name_key("Acme STRASSE") == "acme strasse"
    assert len({name_key(each) for each in ("Acme", "Acme Inc.", "Acme GmbH")}) == 3


@pytest.mark.parametrize("size", [1, 2, 500])
def test_c12_rows_of_one_organisation_make_one_account(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setattr(running, "BATCH", size)
    job = importer.imported(STAFF.encode())
    assert (job["registered"], job["accounts"], job["affiliated"]) == (4, 2, 3)
    assert importer.work() == {
        "Ada": [("Acme", "Analyst", "Research", True)],
        "Bob": [("Acme", None, None, True)],
        "Cleo": [("Acme GmbH", "Director", None, True)],
        "Dan": [],
    }
    acme = importer.accounts()["Acme"]
    assert acme["external_ids"] == [{"system": NAMED, "id": "acme"}]
    assert (acme["type"], acme["status"]) == ("customer", "prospect")
    report = importer.report(job["id"])
    assert {line: each["account"] for line, each in report.items()} == {
        2: acme["id"],
        4: importer.accounts()["Acme GmbH"]["id"],
    }
    assert all(each["account_made"] and each["outcome"] == "registered" for each in report.values())
    (done,) = importer.facts(ImportCompleted)
    assert (done.accounts, done.affiliated) == (2, 3)


def test_c12_the_next_file_meets_the_account_and_the_same_file_changes_nothing(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    before = written(importer)
    again = importer.imported(STAFF.encode(), **update)
    assert (again["matched"], again["accounts"], again["affiliated"]) == (4, 0, 0)
    assert written(importer) == before
    importer.imported((HEADER + "Eve,eve@example.org,acme,Buyer,\n").encode())
    assert importer.work()["Eve"] == [("Acme", "Buyer", None, True)]


def test_c12_a_dry_run_says_which_accounts_would_be_made_and_the_run_makes_them(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    content = (
        b"name,email,company,account_id:erp\n"
        b"Ada,ada@example.org,Acme,1\nBob,bob@example.org,Acme,\nCleo,cleo@example.org,Acme,2\n"
        b"Dan,dan@example.org,,1\nEve,eve@example.org,Acme,2\nFay,fay@example.org,,9\nGil,gil@example.org,Hand,7\n"
        b"Hal,hal@example.org,Hand,8\nIda,ida@example.org,Hand,\n"
    )
    hand = importer.account("Hand")
    import_id = importer.upload(content, start=False, **update)
    before = written(importer)
    importer.step(import_id, "dry-run")
    plan = {each["line"]: each for each in importer.whole(f"/imports/{import_id}/dry-run")}
    assert written(importer) == before
    made = {line: each["account_id"] for line, each in plan.items() if each["account_made"]}
    assert [*made] == [2, 4, 9]
    one, two, three = made.values()
    assert {line: each["account_id"] for line, each in plan.items()} == {
        2: one,
        3: one,
        4: two,
        5: one,
        6: two,
        7: None,
        8: hand,
        9: three,
        10: hand,
    }
    assert "does not name the organisation" in plan[7]["reason"]
    planned = importer.job(import_id)
    importer.step(import_id, "start")
    done = importer.job(import_id)
    counts = ("registered", "updated", "matched", "rejected", "accounts", "affiliated")
    assert [planned[each] for each in counts] == [done[each] for each in counts] == [9, 0, 0, 0, 3, 8]
    (rehearsed,) = importer.facts(ImportRehearsed)
    assert (rehearsed.accounts, rehearsed.affiliated) == (3, 8)
    people = importer.people()
    for line, name in enumerate(["Ada", "Bob", "Cleo", "Dan", "Eve", "Fay", "Gil", "Hal", "Ida"], start=2):
        at = importer.whole(f"/contacts/{people[name]['id']}/accounts")
        assert [each["account_id"] for each in at] == ([plan[line]["account_id"]] if line != 7 else [])
    assert "does not name" in importer.report(import_id)[7]["reason"]


def test_c12_an_account_registered_by_hand_is_met_by_its_name_if_it_is_the_only_one(importer: Importer) -> None:
    acme = importer.account("Acme")
    importer.account("Twins"), importer.account("twins")
    gone, into = importer.account("Gone"), importer.account("Into")
    importer.client.post(f"/accounts/{gone}/archive", json={}).raise_for_status()
    importer.client.post(f"/accounts/{into}/merge", json={"absorb": [importer.account("Part")]}).raise_for_status()
    rows = [f"P{n},p{n}@example.org,{each},," for n, each in enumerate(("ACME", "Acme", "TWINS", "Gone", "Into"))]
    job = importer.imported((HEADER + "\n".join(rows)).encode())
    assert (job["accounts"], job["affiliated"]) == (2, 5)
    made = [each.name for each in importer.facts(AccountRegistered) if each.external_ids]
    assert made == ["TWINS", "Gone"]  # of two, or of one in the archive, nobody can tell whether it is meant
    linked = importer.facts(AccountExternalIdLinked)
    assert [(each.system, each.id) for each in linked] == [(NAMED, "acme"), (NAMED, "into")]
    started = [str(each.account) for each in importer.facts(AffiliationStarted)]
    assert (started[:2], started[4]) == ([acme, acme], into)


def test_c8_what_was_absorbed_stands_for_its_survivor(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    found, whole = importer.accounts(), importer.account("Whole")
    importer.client.post(f"/accounts/{whole}/merge", json={"absorb": [found["Acme"]["id"]]}).raise_for_status()
    before = written(importer)
    again = importer.imported(STAFF.encode(), **update)
    assert (again["matched"], written(importer)) == (4, before)  # who belongs to a part belongs to the whole
    importer.imported((HEADER + "Eve,eve@example.org,Acme,Buyer,\n").encode())
    assert importer.facts(AffiliationStarted)[-1].account.hex == whole.replace("-", "")


def test_c12_another_id_in_the_same_system_is_another_account(importer: Importer) -> None:
    head, row = (FILES / "salesforce.csv").read_text().splitlines()
    rows = [head.replace('"Account Name"', '"Account ID","Account Name"')]
    for n, account in enumerate(("001A", "001B", "001A")):
        told = row.replace("King's Lab", f'{account}","Lab').replace("rosalind", f"r{n}")
        rows.append(told.replace("0035e00000AbCdE", f"003{n}").replace("+44 20 7946 0108", ""))
    file = "\n".join(rows)
    job = importer.imported(file.encode())
    assert (job["source"], job["accounts"], job["affiliated"]) == ("salesforce", 2, 3)
    ids = [each.external_ids for each in importer.facts(AccountRegistered)]
    assert [[(one.system, one.id) for one in each] for each in ids] == [
        [("salesforce", "001A"), (NAMED, "lab")],
        [("salesforce", "001B")],
    ]
    accounts = [each.account for each in importer.facts(AffiliationStarted)]
    assert accounts[0] == accounts[2] != accounts[1]


def test_c12_who_is_known_is_left_alone_unless_updates_are_wanted(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    other = importer.account("Other")
    ada = importer.people()["Ada"]["id"]
    importer.client.put(f"/contacts/{ada}/accounts/{other}", json={"role": "Advisor"}).raise_for_status()
    rows = (
        HEADER + "Ada,ada@example.org,Acme,Countess,\nBob,bob@example.org,New Ltd,Owner,\nDan,dan@example.org,,Boss,\n"
    )
    rows += "Cleo,cleo@example.org,,,\n"
    before = written(importer)
    skipped = importer.imported(rows.encode())
    assert (skipped["matched"], skipped["accounts"], written(importer)) == (4, 0, before)
    job = importer.imported(rows.encode(), **update)
    assert (job["updated"], job["matched"], job["accounts"], job["affiliated"]) == (2, 2, 1, 2)
    work = importer.work()
    assert sorted(work["Ada"]) == [("Acme", "Countess", "Research", True), ("Other", "Advisor", None, False)]
    assert sorted(work["Bob"]) == [("Acme", None, None, True), ("New Ltd", "Owner", None, False)]
    assert (work["Cleo"], work["Dan"]) == ([("Acme GmbH", "Director", None, True)], [])
    report = importer.report(job["id"])
    assert (report[2]["account_made"], report[3]["account_made"]) == (False, True)
    assert report[3]["account"] == importer.accounts()["New Ltd"]["id"]
    assert [(each.role, each.since) for each in importer.facts(AffiliationRoleChanged)] == [("Countess", None)]


def test_c12_nobody_comes_back_to_an_account_by_a_file(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    ada, acme = importer.people()["Ada"]["id"], importer.accounts()["Acme"]["id"]
    importer.client.post(f"/contacts/{ada}/accounts/{acme}/end", json={"valid_to": "2024-05-31"}).raise_for_status()
    before = written(importer)
    plan = importer.dry_run(STAFF.replace("Analyst", "Chief").encode(), **update)
    assert (plan[2]["outcome"], "has left" in plan[2]["reason"]) == ("unchanged", True)
    importer.imported(STAFF.replace("Ada,", "Ada L,").encode(), **update)
    assert written(importer) == before + 1  # the name
    assert "has left" in importer.facts(ImportRowApplied)[-1].remark


def test_c12_a_title_without_an_organisation_is_left_out_and_the_report_says_so(importer: Importer) -> None:
    job = importer.imported((HEADER + "Ada,ada@example.org,n/a,Analyst,\n").encode())
    (registered,) = importer.facts(ImportRowRegistered)
    assert (registered.account, "does not name" in registered.remark) == (None, True)
    assert importer.report(job["id"])[2]["outcome"] == "registered"
    alone = importer.job(importer.upload(b"name,job title\nBob,Boss\n", start=False))
    assert [each["kept"] for each in alone["columns"]] == [True, False]


def test_c8_people_merged_since_stay_where_one_of_their_ids_belongs(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    ada, bea = importer.people()["Ada"]["id"], importer.register("Bea", emails=["bea@example.org"])
    importer.client.post(f"/contacts/{bea}/merge", json={"absorb": [ada]}).raise_for_status()
    job = importer.imported((HEADER + "Bea,bea@example.org,Acme,Countess,\n").encode(), **update)
    assert (job["updated"], job["affiliated"]) == (1, 1)
    (changed,) = importer.facts(AffiliationRoleChanged)
    assert (str(changed.contact), changed.role) == (ada, "Countess")


def test_c12_what_rows_mean_is_looked_up_by_the_batch(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [f"P{n},p{n}@example.org,Firm {n % 7}," for n in range(40)]
    importer.imported((HEADER + "".join(f"{each},\n" for each in rows)).encode())
    load, loads = PostgresStore.load, list[int]()
    monkeypatch.setattr(PostgresStore, "load", lambda self, streams: loads.append(1) or load(self, streams))
    counted = []
    for title, count in (("Clerk", 4), ("Boss", 40)):
        loads.clear()
        file = HEADER + "".join(f"{each}{title},\n" for each in rows[:count])
        assert importer.imported(file.encode(), **update)["affiliated"] == count
        counted.append(len(loads))
    assert counted[0] == counted[1]


@pytest.mark.parametrize("counted", [True, False])
@pytest.mark.parametrize("dies_at", [0, 1, 2])
def test_c12_killed_anywhere_it_comes_to_the_same_accounts(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, dies_at: int, counted: bool
) -> None:
    monkeypatch.setattr(running, "BATCH", 2)
    importer.imported((HEADER + "Ada,ada@example.org,Acme,Clerk,\n").encode())
    content = STAFF + "Eve,eve@example.org,Acme GmbH,,\n"
    import_id = importer.upload(content.encode(), **update)
    importer.run_with_a_kill(dies_at, counted=counted)
    job = importer.job(import_id)
    assert (job["rows"], job["registered"], job["updated"], job["accounts"], job["affiliated"]) == (5, 4, 1, 1, 4)
    assert len(importer.facts(AccountRegistered)) == 2
    assert importer.work()["Ada"] == [("Acme", "Analyst", "Research", True)]


@pytest.mark.parametrize("rows", [1, 3])
def test_c4_who_is_overtaken_by_another_import_goes_on_with_its_account(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    around, rival = Employing.around, iter([HEADER + "Rival,rival@example.org,Acme,,\n"])

    def overtaken(self: Employing, *arguments: Any) -> Any:
        found = around(self, *arguments)
        if file := next(rival, None):
            importer.imported(file.encode())
        return found

    monkeypatch.setattr(Employing, "around", overtaken)
    file = HEADER + "".join(f"P{n},p{n}@example.org,Acme,,\n" for n in range(rows))
    job = importer.imported(file.encode())
    assert (job["registered"], job["rejected"], job["accounts"], job["affiliated"]) == (rows, 0, 0, rows)
    assert len(importer.facts(AccountRegistered)) == 1


def test_c4_who_gets_a_primary_account_meanwhile_keeps_it(importer: Importer, monkeypatch: pytest.MonkeyPatch) -> None:
    ada, other = importer.register("Ada", emails=["ada@example.org"]), importer.account("Other")
    around, meanwhile = Employing.around, iter([{"primary": True}])

    def overtaken(self: Employing, *arguments: Any) -> Any:
        found = around(self, *arguments)
        if body := next(meanwhile, None):
            importer.client.put(f"/contacts/{ada}/accounts/{other}", json=body).raise_for_status()
        return found

    monkeypatch.setattr(Employing, "around", overtaken)
    job = importer.imported((HEADER + "Ada,ada@example.org,Acme,Clerk,\n").encode(), **update)
    assert (job["updated"], job["rejected"]) == (1, 0)
    assert sorted(importer.work()["Ada"]) == [("Acme", "Clerk", None, False), ("Other", None, None, True)]


def test_c12_a_template_keeps_what_columns_say_of_the_work(importer: Importer) -> None:
    mapping = {"Wer": "name", "Wo": "organisation", "Nr": "account_id:erp", "Als": "job_title", "In": "department"}
    importer.client.put("/import-templates/staff", json={"mapping": mapping}).raise_for_status()
    importer.imported(b"Wer,Wo,Nr,Als,In\nAda,Acme,7,Analyst,Lab\n", mapping_template="staff")
    assert importer.work() == {"Ada": [("Acme", "Analyst", "Lab", True)]}
    assert {"system": "erp", "id": "7"} in importer.accounts()["Acme"]["external_ids"]
