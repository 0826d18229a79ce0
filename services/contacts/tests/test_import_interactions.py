"""Imports of interactions: with whom, of which kinds, and each record of another system once (C12)."""

from typing import Any

import pytest

from crm.events.interactions import InteractionLogged

from .importer import Importer

KNOWN: dict[str, Any] = {"emails": ["ada@example.org"]}


def test_c12_interactions_are_written_down_with_whom_they_were(importer: Importer) -> None:
    ada = importer.register("Ada", **KNOWN)
    content = (
        "E-Mail,Type,Direction,Subject,Body,Date\n"
        "ada@example.org,call,out,Renewal,Will call back,2024-03-01T10:00:00+01:00\n"
        "nobody@example.org,call,in,Hello,,2024-03-01\n"
        "ada@example.org,dance,in,Hello,,2024-03-01\n"
        "ada@example.org,note,in,Later,,2999-01-01\n"
    )
    import_id = importer.upload(content.encode())
    importer.run()
    answer = importer.job(import_id)
    assert (answer["kind"], answer["registered"], answer["rejected"]) == ("interactions", 1, 3)
    (said,) = [e for e in importer.whole(f"/contacts/{ada}/history") if e["type"].endswith("interaction-logged.v2")]
    assert (said["occurred_at"], said["summary"]) == ("2024-03-01T09:00:00Z", "call (outbound): Renewal")
    assert {line: each["field"] for line, each in importer.report(import_id).items()} == {
        3: "email",
        4: "kind",
        5: "occurred_at",
    }


def test_c12_kinds_of_interactions_are_read_in_any_case_and_others_are_rejected_by_name(importer: Importer) -> None:
    ada = importer.register("Ada", **KNOWN)
    kinds = ("EMAIL", "E-Mail", "Letter", "SMS", "Visit", "fax")
    rows = [f"ada@example.org,{kind},Hello {at},2024-03-0{at}\n" for at, kind in enumerate(kinds, 1)]
    import_id = importer.upload(b"E-Mail,Type,Subject,Date\n" + "".join(rows).encode())
    importer.run()
    said = [
        e["data"]["kind"] for e in importer.whole(f"/contacts/{ada}/history", order="oldest") if "kind" in e["data"]
    ]
    assert said == ["email", "email", "letter", "message", "visit"]
    (rejected,) = importer.report(import_id).values()
    assert (rejected["line"], rejected["field"]) == (7, "kind")
    assert "call, meeting, note, email, message, letter, visit, external" in rejected["reason"]


CALLS = (
    "E-Mail,Type,Subject,Date,System,Activity ID\n"
    "ada@example.org,external,First,2024-03-01,telephony,1\n"
    "ada@example.org,external,Second,2024-03-02,telephony,2\n"
    "ada@example.org,external,Second again,2024-03-02,Telephony,2\n"
    "bob@example.org,external,Second too,2024-03-02,telephony,2\n"
    "ada@example.org,external,Nowhere,2024-03-03,,3\n"
    "ada@example.org,call,No id,2024-03-04,,\n"
    "ada@example.org,call,Nothing,2024-03-05,telephony,null\n"
)


@pytest.mark.parametrize("batch", [500, 1])
def test_c12_a_record_of_another_system_is_imported_once_and_the_dry_run_says_so(
    importer: Importer, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr("crm.contacts.importing.running.BATCH", batch)
    ada, bob = importer.register("Ada", **KNOWN), importer.register("Bob", emails=["bob@example.org"])
    first = {"kind": "external", "subject": "First", "system": "telephony", "external_id": "1"}
    importer.client.post(f"/contacts/{ada}/interactions", json=first).raise_for_status()
    rehearsed = {line: each["outcome"] for line, each in importer.dry_run(CALLS.encode()).items()}
    again = "duplicate" if batch > 1 else "known"
    assert list(rehearsed.values()) == ["known", "create", again, "conflict", "unusable", "create", "unusable"]
    job = importer.imported(CALLS.encode())
    assert (job["registered"], job["matched"], job["conflicts"], job["rejected"]) == (2, 2, 1, 3)
    report = importer.report(job["id"])
    assert {line: each["field"] for line, each in report.items() if each["field"]} == {
        5: "interaction_id",
        6: "system",
        8: "interaction_id",
    }
    assert (report[2]["matched_by"], report[5]["contact"]) == ("interaction_id", ada)
    assert [e for e in importer.whole(f"/contacts/{bob}/history") if "kind" in e["data"]] == []
    other = importer.imported(CALLS.encode(), key="email")
    assert (other["registered"], other["matched"]) == (1, 3)  # the row without an id is another one each time


def test_c12_killed_after_an_append_it_takes_what_it_logged_for_its_own(
    importer: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    importer.register("Ada", **KNOWN)
    import_id = importer.upload("\n".join(CALLS.splitlines()[:4]).encode())
    importer.run_with_a_kill(0, counted=False)
    job = importer.job(import_id)
    assert (job["registered"], job["matched"], job["rejected"]) == (2, 1, 0)
    assert [each.external_id for each in importer.facts(InteractionLogged)] == ["1", "2"]


def test_c12_records_of_another_system_come_back_with_the_file_after_a_revert(importer: Importer) -> None:
    ada = importer.register("Ada", **KNOWN)
    content = "\n".join(CALLS.splitlines()[:3]).encode()
    import_id = importer.imported(content)["id"]
    importer.step(import_id, "revert")
    assert importer.imported(content)["registered"] == 2
    said = [e["summary"] for e in importer.whole(f"/contacts/{ada}/history", order="oldest") if "kind" in e["data"]]
    assert said == ["external (inbound): First", "external (inbound): Second"]
