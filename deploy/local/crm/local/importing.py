"""Importing a file through the public API: upload, progress, report, and taking it back."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from crm.local.calling import Apis, NothingRuns, Refused, calling
from crm.local.imported import MOST_SHOWN, kept_cells, plan, report, stays, table, understood
from crm.local.suite import Description

UPLOAD_TIMEOUT_S = 600.0
LOOK_EVERY_S = 0.2
CATCH_UP_S = 60.0
"""How long the report may take to show the last rows."""
NOT_YET = 503
LEFT_ALONE = 130  # the exit code after Ctrl-C, as shells have it


@dataclass(frozen=True)
class Choices:
    """How a file is to be imported: which column fills which field, and the form fields of the API by name."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False
    rejected: Path | None = None


def import_file(suite: Description, file: Path, choices: Choices, console: Console) -> int:
    """Imports a file into a running suite, and tells what became of its rows. Returns the exit code.

    Ctrl-C leaves the import alone: it goes on. Raises `Refused`, `NothingRuns`.
    """
    with calling(suite) as apis:
        import_id = upload(apis, file, choices)
        try:
            job = _body(_asked(apis, "GET", f"/imports/{import_id}"))
            console.print(understood(job), soft_wrap=True)
            if choices.dry_run:
                return _rehearse(apis, import_id, file, console)
            job = _followed(apis, import_id, file.name, console)
        except KeyboardInterrupt:
            sentence = f"The import goes on. Give the same file again to see how far it is: rapport import {file}"
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            return LEFT_ALONE
        if job["status"] == "failed":
            console.print(f"The import failed: {job['error']}", style="red", markup=False, soft_wrap=True)
            return 1
        console.print(report(job, reported(apis, import_id)), soft_wrap=True)
        _fetch_rejected(apis, job, file, choices, console)
        return 0


def revert(suite: Description, import_id: str, console: Console) -> int:
    """Takes an import back, and tells which rows stay and why. Raises `Refused`, `NothingRuns`."""
    with calling(suite) as apis:
        _body(_asked(apis, "POST", f"/imports/{import_id}/revert", headers={"Idempotency-Key": str(uuid4())}))
        job = _followed(apis, import_id, "Taking back", console)
        console.print(Text(f"{job['undone']:,} rows taken back, {job['kept']:,} kept.", style="bold"))
        if kept := list(islice(filter(stays, reported(apis, import_id)), MOST_SHOWN)):
            console.print(table(("Line", "Contact or account", "Kept because"), kept, kept_cells))
        return 0


def _rehearse(apis: Apis, import_id: str, file: Path, console: Console) -> int:
    """Tells what each row would do; the file is not kept."""
    try:
        _body(_asked(apis, "POST", f"/imports/{import_id}/dry-run", headers={"Idempotency-Key": str(uuid4())}))
        job = _followed(apis, import_id, file.name, console)
        if job["error"]:
            console.print(f"The file cannot be read: {job['error']}", style="red", markup=False, soft_wrap=True)
            return 1
        console.print(plan(job, _pages(apis, f"/imports/{import_id}/dry-run")), soft_wrap=True)
        return 0
    finally:
        _asked(apis, "POST", f"/imports/{import_id}/cancel", headers={"Idempotency-Key": str(uuid4())})


def _followed(apis: Apis, import_id: str, title: str, console: Console) -> dict[str, Any]:
    with _bar(console) as bar:
        task = bar.add_task(title, total=None, rows=0)
        for job in following(apis, import_id):
            _show(bar, task, job)
    return job


def _fetch_rejected(apis: Apis, job: dict[str, Any], file: Path, choices: Choices, console: Console) -> None:
    if not job.get("rejected_file"):
        return
    sentence = f"\nRejected rows are in {choices.rejected}."
    if choices.rejected is not None:
        content = _asked(apis, "GET", job["rejected_file"], timeout=UPLOAD_TIMEOUT_S).raise_for_status().content
        choices.rejected.write_bytes(content)
    else:
        name = f"{file.stem}-rejected{file.suffix}"
        sentence = f"\nFetch the rejected rows, to correct and import them: rapport import {file} --rejected {name}"
    console.print(sentence, markup=False, highlight=False, soft_wrap=True)


def columns(mapping: Sequence[str]) -> dict[str, str]:
    """Which column fills which field. Raises `ValueError`."""
    pairs = [each.rpartition("=") for each in mapping]
    for column, _, name in pairs:
        if not column or not name:
            raise ValueError(f"Write a mapping as COLUMN=FIELD, such as Mail=email; not {column + name!r}.")
    return {column: name for column, _, name in pairs}


def upload(apis: Apis, file: Path, choices: Choices) -> str:
    """Sends a file, in pieces, and returns the id of the import; the same file is the same import.

    Raises `Refused`, `NothingRuns`.
    """
    mapping = {"mapping": json.dumps(choices.mapping)} if choices.mapping else {}
    names = {"template": "mapping_template"}
    given = {names.get(name, name): value for name, value in choices.given.items()}
    with file.open("rb") as content:
        answer = _asked(
            apis,
            "POST",
            "/imports",
            params={"start": "false"} if choices.dry_run else {},
            files={"file": (file.name, content, "application/octet-stream")},
            data={**mapping, **given},
            headers={"Idempotency-Key": str(uuid4())},
            timeout=UPLOAD_TIMEOUT_S,
        )
    return str(_body(answer)["id"])


def following(apis: Apis, import_id: str) -> Iterator[dict[str, Any]]:
    """How far an import is, again and again, the last time when it has ended."""
    while True:
        job: dict[str, Any] = apis.get("contacts", f"/imports/{import_id}")
        yield job
        if job["status"] not in ("running", "rehearsing", "reverting"):
            return
        time.sleep(LOOK_EVERY_S)


def reported(apis: Apis, import_id: str) -> Iterator[dict[str, Any]]:
    """The rows of an import that the report has, all of them, by line. Raises `Refused`."""
    token = _asked(apis, "GET", f"/imports/{import_id}").headers["Consistency-Token"]
    return _pages(apis, f"/imports/{import_id}/rows", {"If-Consistent-With": token})


def _pages(apis: Apis, path: str, headers: Mapping[str, str] | None = None) -> Iterator[dict[str, Any]]:
    cursor, deadline = None, time.monotonic() + CATCH_UP_S
    while True:
        params = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        answer = _asked(apis, "GET", path, params=params, headers=dict(headers or {}))
        if answer.status_code == NOT_YET and time.monotonic() < deadline:
            continue  # the server has waited two seconds already
        page = _body(answer)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rows]:,} rows"),
        TimeElapsedColumn(),
        console=console,
    )


def _show(bar: Progress, task: TaskID, job: dict[str, Any]) -> None:
    # A small file is read at once: until it is done, the rest is a guess.
    reading = job["status"] in ("running", "rehearsing") and job["done_bytes"] == job["size_bytes"]
    done = None if reading else job["done_bytes"]
    bar.update(task, total=None if reading else job["size_bytes"], completed=done, rows=job["rows"])


def _asked(apis: Apis, method: str, path: str, **what: Any) -> httpx.Response:
    try:
        return apis.client.request(method, f"{apis.suite['services']['contacts']}{path}", **what)
    except httpx.TransportError as error:
        raise NothingRuns("The service contacts does not answer. `rapport status` shows what runs.") from error


def _body(answer: httpx.Response) -> Any:
    if answer.is_success:
        return answer.json()
    problem = answer.json() if "json" in answer.headers.get("Content-Type", "") else {}
    raise Refused(answer.status_code, str(problem.get("detail") or f"The service answered {answer.status_code}."))
