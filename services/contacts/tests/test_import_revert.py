"""An import is taken back: only rows that nobody has touched since; the rest is listed with the reason (C12)."""

from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import uuid4, uuid5

import pytest

from crm.chassis.log import Context
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.contact import contacts
from crm.contacts.importing import reverting
from crm.contacts.importing.taking_back import take_back
from crm.contacts.interaction import amend, interactions
from crm.events.contacts import ContactRegistered
from crm.events.import_rows import ImportRowKept, ImportRowReverted
from crm.events.imports import ContactWithdrawn, ImportReverted

from .importer import Importer, Killed

given = scenarios(contacts)
PEOPLE = "name,email\nAda,ada@example.org\nBob,bob@example.org\nCleo,cleo@example.org\nDan,dan@example.org\n"


def contact_of(importer: Importer, email: str) -> str:
    return str(importer.client.get("/identities", params={"email": email}).raise_for_status().json()["contact_id"])


def test_c12_what_nobody_touched_is_taken_back_and_the_rest_is_listed(importer: Importer) -> None:
    import_id = importer.upload(PEOPLE.encode())
    importer.run()
    ada, bob, cleo = (contact_of(importer, f"{name}@example.org") for name in ("ada", "bob", "cleo"))
    importer.client.patch(f"/contacts/{ada}", json={"name": "Ada Lovelace"}).raise_for_status()
    note = {"kind": "note", "subject": "Called"}
    importer.client.post(f"/contacts/{bob}/interactions", json=note).raise_for_status()
    importer.step(import_id, "revert")
    answer = importer.job(import_id)
    assert (answer["status"], answer["undone"], answer["kept"]) == ("reverted", 2, 2)
    report = importer.report(import_id)
    assert {line: each["reverted"] for line, each in report.items()} == {2: False, 3: False, 4: True, 5: True}
    assert report[2]["reason"] == "The contact has changed since."
    assert report[3]["reason"] == "Something has happened with the contact since."
    assert set(importer.people()) == {"Ada Lovelace", "Bob"}
    assert importer.client.get(f"/contacts/{cleo}").json()["withdrawn"] is True
    refused = importer.client.patch(f"/contacts/{cleo}", json={"name": "Cleo again"})
    assert (refused.status_code, "taken back" in refused.json()["detail"]) == (409, True)
    assert [(fact.undone, fact.kept) for fact in importer.facts(ImportReverted)] == [(2, 2)]


def test_c12_identifiers_are_free_after_a_revert_and_the_file_can_be_imported_again(importer: Importer) -> None:
    first = importer.upload(PEOPLE.encode())
    importer.run()
    importer.step(first, "revert")
    with pytest.raises(Exception, match="404"):
        contact_of(importer, "ada@example.org")
    second = importer.upload(PEOPLE.encode())
    assert second != first
    importer.run()
    assert importer.job(second)["registered"] == 4
    assert len(importer.people()) == 4


def test_c12_a_change_by_a_row_is_undone(importer: Importer) -> None:
    known = {"emails": ["ada@example.org"], "address": {"city": "London", "country": "GB"}}
    ada = importer.register("Ada", **known)
    before = importer.client.get(f"/contacts/{ada}").json()
    content = b"name,email,phone,city,id,tags\nAda Lovelace,ada@example.org;ada@home.example,030 5550112,Paris,7,vip\n"
    import_id = importer.upload(content, key="any", on_match="update")
    importer.run()
    assert importer.client.get(f"/contacts/{ada}").json()["name"] == "Ada Lovelace"
    importer.step(import_id, "revert")
    assert importer.client.get(f"/contacts/{ada}").json() == before
    assert importer.report(import_id)[2]["reverted"] is True


def test_c12_a_row_that_set_a_custom_attribute_stays_and_says_so(importer: Importer) -> None:
    importer.register("Ada", emails=["ada@example.org"])
    importer.define("size", "number")
    content = b"name,email,attribute:size\nAda Lovelace,ada@example.org,77\nBob,bob@example.org,78\n"
    import_id = importer.upload(content, key="email", on_match="update")
    importer.run()
    importer.step(import_id, "revert")
    report = importer.report(import_id)
    assert (report[2]["reverted"], report[3]["reverted"]) == (False, True)
    assert "custom attribute" in report[2]["reason"]


def test_c12_imported_interactions_are_retracted_unless_they_were_amended(importer: Importer) -> None:
    ada = importer.register("Ada", emails=["ada@example.org"])
    content = b"E-Mail,Subject,Date\nada@example.org,First,2024-01-01\nada@example.org,Second,2024-01-02\n"
    import_id = importer.upload(content)
    importer.run()
    second = uuid5(import_id, "interaction 3")
    command = partial(amend, author="user:ada", took_place_at=datetime(2024, 1, 2, tzinfo=UTC), subject="Other")
    importer.runtime.log.commands(Context("user:ada")).execute(interactions, second, command)
    importer.step(import_id, "revert")
    report = importer.report(import_id)
    assert {line: each["reverted"] for line, each in report.items()} == {2: True, 3: False}
    said = [e["summary"] for e in importer.whole(f"/contacts/{ada}/history") if "First" in e["summary"]]
    assert said == []


@pytest.mark.parametrize("dies_at", range(5))
def test_c12_a_revert_killed_anywhere_goes_on(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    monkeypatch.setattr(reverting, "CHUNK", 1)
    import_id = importer.upload(PEOPLE.encode())
    importer.run()
    undo, calls = reverting._undo, iter(range(10))

    def die(*arguments: Any) -> int:
        undone = undo(*arguments)
        if next(calls) == dies_at:
            raise Killed  # between the append and the count
        return undone

    monkeypatch.setattr(reverting, "_undo", die)
    importer.client.post(f"/imports/{import_id}/revert").raise_for_status()
    try:
        importer.run()
    except Killed:
        monkeypatch.setattr(reverting, "_undo", undo)
        importer.run_after_a_kill()
    answer = importer.job(import_id)
    assert (answer["status"], answer["undone"], answer["kept"]) == ("reverted", 4, 0)
    assert len(importer.facts(ContactWithdrawn)) == len(importer.facts(ImportRowReverted)) == 4
    assert not importer.facts(ImportRowKept)


def test_only_what_has_ended_is_taken_back(importer: Importer) -> None:
    waiting = importer.upload(PEOPLE.encode(), start=False)
    answer = importer.client.post(f"/imports/{waiting}/revert")
    assert (answer.status_code, "Cancel it" in answer.json()["detail"]) == (409, True)


def test_an_import_is_taken_back_once(importer: Importer) -> None:
    import_id = importer.upload(PEOPLE.encode())
    importer.run()
    importer.step(import_id, "revert")
    importer.step(import_id, "revert")  # once more changes nothing
    assert len(importer.facts(ImportReverted)) == 1


def test_nothing_is_taken_back_twice() -> None:
    import_id = uuid4()
    made = ContactRegistered(name="Ada", emails=["ada@example.org"])
    given(made).when(take_back, import_id=import_id).then(ContactWithdrawn(import_id=import_id))
    given(made, ContactWithdrawn(import_id=import_id)).when(take_back, import_id=import_id).then()
    assert contacts.claims is not None
    state = contacts.fold([made, ContactWithdrawn(import_id=import_id)])
    assert state is not None
    assert contacts.claims(state) == set()
