"""`rapport import`: upload, progress, report; answered by a service that is played here."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.console import Console

from crm.local import importing
from crm.local.calling import NothingRuns, Refused
from crm.local.importing import Choices, columns, import_file, revert
from crm.local.suite import Description

COLUMN = {"header": "E-Mail", "field": "email", "kept": True}
Answer = Callable[[httpx.Request], httpx.Response]
JOB = {
    "id": "i1",
    "status": "completed",
    "size_bytes": 40,
    "done_bytes": 40,
    "rows": 4,
    "error": None,
    "source": "google",
    "kind": "people",
    "columns": [COLUMN, COLUMN | {"header": "Firma", "kept": False}],
    "rejected_file": None,
    "updated": 0,
    "conflicts": 0,
}
COUNTS = {"registered": 2, "matched": 1, "rejected": 1}
MATCHED = {"outcome": "matched", "line": 4, "matched_by": "email", "earlier_line": 2, "contact": "c1"}
REJECTED = {
    "outcome": "rejected",
    "line": 5,
    "field": "email",
    "reason": "This is not [an] address.",
    "earlier_line": None,
}
SUITE = Description(
    services={"contacts": "http://contacts"},
    kafka="",
    postgres={},
    token="t",
    processes=[],
    mail="",  # noqa: S106
)


class Contacts:
    """Plays the service: takes a file in, and says how far it is, first this, then that."""

    def __init__(self, *jobs: dict[str, Any], rows: list[dict[str, Any]]) -> None:
        self.jobs, self.rows, self.asked = list(jobs), rows, list[httpx.Request]()
        self.behind = 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        if request.method == "POST":
            return httpx.Response(201, json={"id": "i1"})
        if request.url.path.endswith("rejected.csv"):
            return httpx.Response(200, content=b"name,import_line\n")
        if request.url.path.endswith("/dry-run"):
            return httpx.Response(200, json=self.page(request))
        if request.url.path.endswith("/rows"):
            assert request.headers["If-Consistent-With"] == "contacts/i1:2"
            self.behind -= 1
            return httpx.Response(503) if self.behind >= 0 else httpx.Response(200, json=self.page(request))
        job = self.jobs.pop(0) if len(self.jobs) > 1 else self.jobs[0]
        return httpx.Response(200, json=job, headers={"Consistency-Token": "contacts/i1:2"})

    def page(self, request: httpx.Request) -> dict[str, Any]:
        at = int(request.url.params.get("cursor", 0))
        return {"items": self.rows[at : at + 1], "next": str(at + 1) if at + 1 < len(self.rows) else None}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., tuple[int, str]]:
    """Imports a small file into a played service. Returns the exit code and what is shown."""
    client, file = httpx.Client, tmp_path / "people.csv"
    file.write_text("name,mail\nAda,ada@example.com\n")
    monkeypatch.setattr(importing, "LOOK_EVERY_S", 0)

    def run(service: Answer, *mapping: str, reverting: bool = False, **more: Any) -> tuple[int, str]:
        transport = httpx.MockTransport(service)
        monkeypatch.setattr(httpx, "Client", lambda **given: client(**given | {"transport": transport}))
        console = Console(width=160)
        with console.capture() as captured:
            if reverting:
                code = revert(SUITE, "i1", console)
            else:
                code = import_file(SUITE, file, Choices(columns(mapping), **more), console)
        return code, captured.get()

    return run


def test_the_report_says_what_became_of_the_rows(run: Callable[..., tuple[int, str]]) -> None:
    under_way = JOB | {"status": "running", "rows": 2}
    service = Contacts(under_way, JOB | COUNTS, rows=[MATCHED, REJECTED])
    code, shown = run(service)
    assert code == 0
    assert "4 rows: 2 registered, 1 known already (1 of them from this file), 1 rejected." in shown
    assert [each.split() for each in shown.splitlines() if "c1" in each] == [["4", "email", "2", "c1"]]
    assert "This is not [an] address." in shown


def test_the_file_is_sent_with_its_mapping_and_a_key(run: Callable[..., tuple[int, str]]) -> None:
    service = Contacts(JOB | COUNTS, rows=[])
    run(service, "E-Mail=Adresse=email", "Wer=name")
    sent = service.asked[0]
    assert sent.headers["Idempotency-Key"]
    assert sent.headers["Authorization"] == "Bearer t"
    assert b"Ada,ada@example.com" in sent.content
    assert json.dumps({"E-Mail=Adresse": "email", "Wer": "name"}).encode() in sent.content


def test_what_was_recognised_is_told(run: Callable[..., tuple[int, str]]) -> None:
    _, shown = run(Contacts(JOB | COUNTS, rows=[]))
    assert "Read as an export of Google, with people." in shown
    assert "E-Mail → email, Firma → email (not kept)" in shown


def test_a_dry_run_tells_what_rows_would_do_and_keeps_nothing(run: Callable[..., tuple[int, str]]) -> None:
    planned = [REJECTED | {"outcome": "conflict", "matched_by": None}, MATCHED | {"outcome": "create"}]
    service = Contacts(JOB | COUNTS | {"status": "dry_run"}, rows=planned)
    code, shown = run(service, dry_run=True, given={"key": "email"})
    assert code == 0
    assert "Dry run of 4 rows: 2 new" in shown
    assert "conflict" in shown and "create" not in shown
    posted = [request.url.path for request in service.asked if request.method == "POST"]
    assert posted == ["/imports", "/imports/i1/dry-run", "/imports/i1/cancel"]
    assert b'name="key"' in service.asked[0].content


def test_the_accounts_that_rows_make_are_counted(run: Callable[..., tuple[int, str]]) -> None:
    work = {"accounts": 2, "affiliated": 3}
    _, shown = run(Contacts(JOB | COUNTS | work, rows=[]))
    assert "1 rejected. 2 accounts were made, 3 people affiliated." in shown
    left_out = MATCHED | {"outcome": "create", "field": None, "reason": "Left out.", "earlier_line": None}
    _, shown = run(Contacts(JOB | COUNTS | work | {"status": "dry_run"}, rows=[left_out]), dry_run=True)
    assert "2 accounts would be made, 3 people affiliated. Nothing was changed." in shown
    assert "Left out." in shown


def test_a_revert_tells_which_contacts_and_accounts_stay(run: Callable[..., tuple[int, str]]) -> None:
    row = {"contact": "c1", "account": "a1", "reverted": True, "account_reverted": True}
    rows = [
        row | {"line": 2, "reason": None, "account_reason": None},
        row | {"line": 3, "reverted": False, "account_reverted": False, "reason": "Changed.", "account_reason": "x"},
        row | {"line": 4, "account_reverted": False, "reason": None, "account_reason": "Somebody is there."},
    ]
    service = Contacts(JOB | {"status": "reverted", "undone": 2, "kept": 1}, rows=rows)
    _, shown = run(service, reverting=True)
    assert "2 rows taken back, 1 kept." in shown
    assert [each.split() for each in shown.splitlines() if "c1" in each or "a1" in each] == [
        ["3", "c1", "Changed."],
        ["4", "a1", "Somebody", "is", "there."],
    ]


def test_rejected_rows_are_fetched(run: Callable[..., tuple[int, str]], tmp_path: Path) -> None:
    service = Contacts(JOB | COUNTS | {"rejected_file": "/imports/i1/rejected.csv"}, rows=[])
    code, shown = run(service, rejected=tmp_path / "again.csv")
    assert (code, (tmp_path / "again.csv").read_bytes()) == (0, b"name,import_line\n")
    _, shown = run(service)
    assert "--rejected people-rejected.csv" in shown


def test_ctrl_c_leaves_the_import_going_on(run: Callable[..., tuple[int, str]]) -> None:
    def service(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            raise KeyboardInterrupt
        return httpx.Response(201, json={"id": "i1"})

    code, shown = run(service)
    assert code == 130
    assert "The import goes on" in shown
    assert "rapport import" in shown


def test_an_import_that_failed_says_why(run: Callable[..., tuple[int, str]]) -> None:
    code, shown = run(Contacts(JOB | COUNTS | {"status": "failed", "error": "Line 7 is damaged."}, rows=[]))
    assert (code, "Line 7 is damaged." in shown) == (1, True)


def test_a_refusal_is_told_in_the_services_words(run: Callable[..., tuple[int, str]]) -> None:
    problem = {"detail": "This file is empty."}
    with pytest.raises(Refused, match="This file is empty"):
        run(lambda _: httpx.Response(422, json=problem, headers={"Content-Type": "application/problem+json"}))


def test_a_service_that_is_away_is_named(run: Callable[..., tuple[int, str]]) -> None:
    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    with pytest.raises(NothingRuns, match="contacts does not answer"):
        run(away)


@pytest.mark.parametrize("wrong", ["Mail", "=email", "Mail="])
def test_a_mapping_that_maps_nothing_is_explained(wrong: str) -> None:
    with pytest.raises(ValueError, match="COLUMN=FIELD"):
        columns([wrong])
