"""Importing a file of people through the public API: upload, progress, report."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import httpx
from rich import box
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from crm.local.calling import Apis, NothingRuns, Refused, calling
from crm.local.suite import Description

UPLOAD_TIMEOUT_S = 600.0
LOOK_EVERY_S = 0.2
CATCH_UP_S = 60.0
"""How long the report may take to show the last rows."""
MOST_SHOWN = 20
NOT_YET = 503
Cells: TypeAlias = Callable[[dict[str, Any]], tuple[str, ...]]
LEFT_ALONE = 130
"""The exit code after Ctrl-C, as shells have it."""


def import_people(suite: Description, file: Path, mapping: Sequence[str], console: Console) -> int:
    """Imports a file into a running suite, and tells what became of its rows. Returns the exit code.

    `mapping` holds `COLUMN=FIELD`. Ctrl-C leaves the import alone: it goes on. Raises `Refused`, `NothingRuns`,
    `ValueError`.
    """
    given = columns(mapping)
    with calling(suite) as apis:
        import_id = upload(apis, file, given)
        try:
            with _bar(console) as bar:
                task = bar.add_task(file.name, total=None, rows=0)
                for job in following(apis, import_id):
                    _show(bar, task, job)
        except KeyboardInterrupt:
            sentence = f"The import goes on. Give the same file again to see how far it is: rapport import {file}"
            console.print(sentence, markup=False, highlight=False, soft_wrap=True)
            return LEFT_ALONE
        if job["status"] == "failed":
            console.print(f"The import failed: {job['error']}", style="red", markup=False, soft_wrap=True)
            return 1
        console.print(report(job, unregistered(apis, import_id)), soft_wrap=True)
        return 0


def columns(mapping: Sequence[str]) -> dict[str, str]:
    """Which column fills which field. Raises `ValueError`."""
    pairs = [each.rpartition("=") for each in mapping]
    for column, _, field in pairs:
        if not column or not field:
            raise ValueError(f"Write a mapping as COLUMN=FIELD, such as Mail=email; not {column + field!r}.")
    return {column: field for column, _, field in pairs}


def upload(apis: Apis, file: Path, mapping: dict[str, str]) -> str:
    """Sends a file, in pieces, and returns the id of the import; the same file is the same import.

    Raises `Refused`, `NothingRuns`.
    """
    with file.open("rb") as content:
        answer = _asked(
            apis,
            "POST",
            "/imports",
            files={"file": (file.name, content, "text/csv")},
            data={"mapping": json.dumps(mapping)} if mapping else {},
            headers={"Idempotency-Key": str(uuid4())},
            timeout=UPLOAD_TIMEOUT_S,
        )
    return str(_body(answer)["id"])


def following(apis: Apis, import_id: str) -> Iterator[dict[str, Any]]:
    """How far an import is, again and again, the last time when it has ended."""
    while True:
        job: dict[str, Any] = apis.get("contacts", f"/imports/{import_id}")
        yield job
        if job["status"] != "running":
            return
        time.sleep(LOOK_EVERY_S)


def unregistered(apis: Apis, import_id: str) -> Iterator[dict[str, Any]]:
    """The rows of an import that made no contact, all of them, by line. Raises `Refused`."""
    token = _asked(apis, "GET", f"/imports/{import_id}").headers["Consistency-Token"]
    cursor, deadline = None, time.monotonic() + CATCH_UP_S
    while True:
        params = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        path = f"/imports/{import_id}/rows"
        answer = _asked(apis, "GET", path, params=params, headers={"If-Consistent-With": token})
        if answer.status_code == NOT_YET and time.monotonic() < deadline:
            continue  # the server has waited two seconds already
        page = _body(answer)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def report(job: dict[str, Any], rows: Iterable[dict[str, Any]]) -> RenderableType:
    """What became of the rows of an import that has completed; `rows` are those that made no contact."""
    shown: dict[str, list[dict[str, Any]]] = {"matched": [], "rejected": []}
    twice = 0
    for each in rows:
        twice += each["earlier_line"] is not None
        if len(shown[each["outcome"]]) < MOST_SHOWN:
            shown[each["outcome"]].append(each)
    known = f"{job['matched']:,} known already" + (f" ({twice:,} of them from this file)" if twice else "")
    head = f"{job['rows']:,} rows: {job['registered']:,} registered, {known}, {job['rejected']:,} rejected."
    parts: list[RenderableType] = [Text(head, style="bold")]
    if shown["matched"]:
        parts += [Text("\nKnown already"), _table(("Line", "By", "Earlier line", "Contact"), shown["matched"], _known)]
        parts += _rest(job, "matched")
    if shown["rejected"]:
        parts += [Text("\nRejected"), _table(("Line", "Field", "Reason"), shown["rejected"], _refused)]
        parts += _rest(job, "rejected")
    return Group(*parts)


def _known(row: dict[str, Any]) -> tuple[str, ...]:
    return str(row["line"]), row["matched_by"], str(row["earlier_line"] or "before"), row["contact"]


def _refused(row: dict[str, Any]) -> tuple[str, ...]:
    return str(row["line"]), row["field"] or "", row["reason"]


def _table(titles: Sequence[str], rows: Sequence[dict[str, Any]], cells: Cells) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title.endswith(("Line", "line")) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(each) for each in cells(row)))
    return table


def _rest(job: dict[str, Any], outcome: str) -> list[RenderableType]:
    more = job[outcome] - MOST_SHOWN
    return [Text(f"… and {more:,} more: GET /imports/{job['id']}/rows", style="dim")] if more > 0 else []


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
    reading = job["status"] == "running" and job["done_bytes"] == job["size_bytes"]
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
