"""What an import did to accounts and affiliations is taken back, unless somebody has relied on it since (C12)."""

import random
from typing import Any, get_args

import pytest

from crm.chassis.testing.scenarios import scenarios
from crm.contacts.account import accounts
from crm.contacts.account_name import NAMED
from crm.contacts.importing import reverting, reverting_accounts, running
from crm.contacts.importing.job import find
from crm.contacts.importing.journal import Journal, Phase
from crm.contacts.importing.taking_back import take_account_back, without
from crm.events.accounts import (
    AccountArchived,
    AccountExternalIdLinked,
    AccountExternalIdUnlinked,
    AccountRegistered,
)
from crm.events.affiliations import AffiliationWithdrawn
from crm.events.import_rows import ImportRowAccountKept, ImportRowAccountReverted
from crm.events.particulars import ExternalId

from .importer import Importer, Killed

given = scenarios(accounts)
HEADER = "name,email,company,job title,department\n"
STAFF = (
    HEADER
    + "Ada,ada@example.org,Acme,Analyst,Research\n"
    + "Bob,bob@example.org,Acme,,\n"
    + "Cleo,cleo@example.org,Beta,Director,\n"
)
update = {"key": "email", "on_match": "update"}
PHASES = sorted(get_args(Phase))
NAME = ExternalId(NAMED, "acme")


def reverted(importer: Importer, import_id: str) -> dict[int, dict[str, Any]]:
    importer.step(import_id, "revert")
    assert importer.job(import_id)["status"] == "reverted"
    return importer.report(import_id)


def test_what_nothing_leads_to_any_more_is_in_the_archive() -> None:
    made = AccountRegistered(name="Acme", external_ids=[ExternalId("erp", "7"), NAME])
    reason = "The import it came with was taken back."
    gone = (
        AccountExternalIdUnlinked(system="erp", id="7"),
        AccountExternalIdUnlinked(system=NAMED, id="acme"),
        AccountArchived(reason=reason),
    )
    given(made).when(take_account_back).then(*gone)
    given(made, *gone).when(take_account_back).then_nothing()


def test_only_the_ids_that_an_import_gave_are_taken_away() -> None:
    linked = AccountExternalIdLinked(system=NAMED, id="acme")
    made = AccountRegistered(name="Acme", external_ids=[ExternalId("erp", "7")])
    gone = AccountExternalIdUnlinked(system=NAMED, id="acme")
    given(made, linked).when(without, ids=[NAME]).then(gone)
    given(made, linked, gone).when(without, ids=[NAME]).then_nothing()


def test_c12_accounts_and_affiliations_that_only_the_import_made_are_taken_back(importer: Importer) -> None:
    first = importer.imported(STAFF.encode())
    acme = importer.accounts()["Acme"]["id"]
    report = reverted(importer, first["id"])
    assert {line: each["account_reverted"] for line, each in report.items()} == {2: True, 3: None, 4: True}
    assert importer.accounts() == {} == importer.people()
    assert importer.whole(f"/accounts/{acme}/people") == []
    account = importer.client.get(f"/accounts/{acme}").json()
    assert (account["archived"], account["external_ids"], account["name"]) == (True, [], "Acme")
    assert len(importer.facts(AffiliationWithdrawn)) == 3
    again = importer.imported(STAFF.encode())
    assert (again["registered"], again["accounts"]) == (3, 2), "it does not meet its own leftovers"
    assert importer.accounts()["Acme"]["id"] != acme


def test_c12_an_account_that_somebody_belongs_to_or_changed_stays(importer: Importer) -> None:
    content = STAFF + "Dan,dan@example.org,Gamma,,\nEve,eve@example.org,Delta,,\n"
    first = importer.imported(content.encode())
    found = importer.accounts()
    zoe = importer.register("Zoe")
    importer.client.put(f"/contacts/{zoe}/accounts/{found['Acme']['id']}", json={}).raise_for_status()
    importer.client.post(f"/accounts/{found['Beta']['id']}/tags", json={"tag": "vip"}).raise_for_status()
    importer.client.patch(f"/contacts/{importer.people()['Dan']['id']}", json={"name": "Dan D"}).raise_for_status()
    report = reverted(importer, first["id"])
    assert {line: each["reverted"] for line, each in report.items()} == {2: True, 3: True, 4: True, 5: False, 6: True}
    assert {line: each["account_reason"] for line, each in report.items()} == {
        2: "Somebody belongs to the account.",
        3: None,
        4: "The account has changed since.",
        5: "Somebody belongs to the account.",
        6: None,
    }
    assert set(importer.accounts()) == {"Acme", "Beta", "Gamma"}
    assert importer.work() == {"Dan D": [("Gamma", None, None, True)], "Zoe": [("Acme", None, None, False)]}


def test_c12_what_a_row_said_of_the_work_of_somebody_known_is_undone(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    before, accounts_before = importer.work(), importer.accounts()
    rows = HEADER + "Ada,ada@example.org,Acme,Countess,Maths\nBob,bob@example.org,New,,\nCleo,cleo@example.org,Hand,,\n"
    hand = importer.account("Hand")
    second = importer.imported(rows.encode(), **update)
    assert (second["updated"], second["accounts"], second["affiliated"]) == (3, 1, 3)
    assert importer.client.get(f"/accounts/{hand}").json()["external_ids"] == [{"system": NAMED, "id": "hand"}]
    report = reverted(importer, second["id"])
    assert {line: each["reverted"] for line, each in report.items()} == {2: True, 3: True, 4: True}
    assert importer.work() == before
    assert importer.client.get(f"/accounts/{hand}").json()["external_ids"] == []
    assert set(importer.accounts()) == {*accounts_before, "Hand"}


def test_c12_an_affiliation_that_changed_since_keeps_its_row(importer: Importer) -> None:
    importer.imported(STAFF.encode())
    second = importer.imported(STAFF.replace("Analyst", "Countess").encode(), **update)
    ada, acme = importer.people()["Ada"]["id"], importer.accounts()["Acme"]["id"]
    importer.client.put(f"/contacts/{ada}/accounts/{acme}", json={"role": "Queen"}).raise_for_status()
    report = reverted(importer, second["id"])
    assert (report[2]["reverted"], report[2]["reason"]) == (False, "The affiliation has changed since.")
    assert importer.work()["Ada"] == [("Acme", "Queen", None, True)]


@pytest.mark.parametrize("seed", range(12))
def test_c12_any_file_runs_as_it_was_rehearsed_and_is_taken_back_whole(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(running, "BATCH", 3)
    dice = random.Random(seed)
    importer.account("Hand"), importer.account("Twin"), importer.account("twin")
    erp = importer.account("Erp", external_ids=[{"system": "erp", "id": "1"}])
    for n in range(4):
        known = importer.register(f"Known {n}", emails=[f"p{n}@example.org"])
        importer.client.put(f"/contacts/{known}/accounts/{erp}", json={"role": "Clerk", "primary": n % 2 == 0})
    before, registered = importer.work(), importer.accounts()
    rows = [
        f"P{n},p{n}@example.org,{dice.choice(('', 'Hand', 'TWIN', 'New', ' new', 'Erp'))},"
        f"{dice.choice(('', '', '1', '2', '3'))},{dice.choice(('', 'Clerk', 'Boss'))}"
        for n in dice.sample(range(14), 14)
    ]
    content = "\n".join(["name,email,company,account_id:erp,job title", *rows])
    import_id = importer.upload(content.encode(), start=False, **update)
    importer.step(import_id, "dry-run")
    importer.step(import_id, "start")
    job = find(importer.runtime.database, import_id)
    assert job
    planned, done = (Journal(importer.runtime.database, importer.runtime.keys, job, p) for p in PHASES)
    assert list(planned.lines(("create", "update"))) == list(done.lines(("create", "update"))), content
    unknown = {each.line for each in done.lines(("create", "update")) if each.reason}  # a later row knew the id
    again = importer.dry_run(content.encode(), **update)
    assert {line for line, each in again.items() if each["outcome"] != "unchanged"} <= unknown, content
    reverted(importer, str(import_id))
    assert (importer.work(), importer.accounts()) == (before, registered), content


@pytest.mark.parametrize("dies_at", range(5))
def test_c12_a_revert_killed_anywhere_takes_accounts_back_once(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(reverting, "CHUNK", 2)
    monkeypatch.setattr(reverting_accounts, "CHUNK", 1)
    first = importer.imported((STAFF + "Dan,dan@example.org,Gamma,,\n").encode())
    zoe, gamma = importer.register("Zoe"), importer.accounts()["Gamma"]["id"]
    importer.client.put(f"/contacts/{zoe}/accounts/{gamma}", json={}).raise_for_status()
    undo, take_back, calls = reverting._undo, reverting_accounts.Accounts._take_back, iter(range(20))

    def dying(done: Any) -> Any:
        if next(calls) == dies_at:
            raise Killed
        return done

    monkeypatch.setattr(reverting, "_undo", lambda *given: dying(undo(*given)))
    monkeypatch.setattr(reverting_accounts.Accounts, "_take_back", lambda *given: dying(take_back(*given)))
    importer.client.post(f"/imports/{first['id']}/revert").raise_for_status()
    with pytest.raises(Killed):
        importer.run()
    importer.run_after_a_kill()
    assert importer.job(first["id"])["status"] == "reverted"
    assert len(importer.facts(ImportRowAccountReverted)) == 2 == len(importer.facts(AccountArchived))
    assert len(importer.facts(ImportRowAccountKept)) == 1
    assert len(importer.facts(AffiliationWithdrawn)) == 4
