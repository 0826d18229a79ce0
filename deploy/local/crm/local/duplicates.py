"""Duplicates through the public API: a scan with its progress, and the queue of pairs."""

import time
from collections.abc import Iterator
from typing import Any

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from crm.local.calling import Apis, calling
from crm.local.importing import LEFT_ALONE
from crm.local.suite import Description

LOOK_EVERY_S = 0.5
MOST_EVIDENCE = 3


def scan(suite: Description, console: Console) -> int:
    """Has all contacts compared, and shows how far that is. Ctrl-C leaves it alone: it goes on. Returns the exit code.

    Raises `Refused`, `NothingRuns`.
    """
    with calling(suite) as apis:
        scan_id = apis.post("contacts", "/duplicates/scan")["id"]
        try:
            with _bar(console) as bar:
                task = bar.add_task("Comparing contacts", total=1.0, pairs=0)
                for job in following(apis, scan_id):
                    bar.update(task, completed=job["progress"], pairs=job["compared"])
        except KeyboardInterrupt:
            console.print("The scan goes on; `rapport duplicates list` shows what it finds.", highlight=False)
            return LEFT_ALONE
    found = f"{job['suggested']:,} pairs that may be one person are new in the queue."
    told = f"{job['contacts']:,} contacts, {job['compared']:,} pairs compared; {found}"
    console.print(told, highlight=False, soft_wrap=True)
    return 0


def following(apis: Apis, scan_id: str) -> Iterator[dict[str, Any]]:
    """How far a scan is, time and again, until it is done."""
    while True:
        job: dict[str, Any] = apis.get("contacts", f"/duplicates/scans/{scan_id}")
        yield job
        if job["status"] != "running":
            return
        time.sleep(LOOK_EVERY_S)


def queue(suite: Description, status: str, min_score: float, limit: int) -> RenderableType:
    """The pairs of a status, the likeliest first, with the names of both."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for title in ("Score", "Who", "Evidence", "Pair"):
        table.add_column(title, overflow="fold")
    asked = {"status": status, "min_score": min_score}
    with calling(suite) as apis:
        for each in apis.pages("contacts", "/duplicates", asked, limit):
            pair = apis.get("contacts", f"/duplicates/{each['id']}")
            who = f"{pair['first']['name']}\n{pair['second']['name']}"
            evidence = "\n".join(each["evidence"][:MOST_EVIDENCE])
            table.add_row(f"{each['score']:.4f}", escape(who), escape(evidence), each["id"])
    return table if table.row_count else "Nothing waits for a decision." if status == "suggested" else "There are none."


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[pairs]:,} pairs"),
        TimeElapsedColumn(),
        console=console,
    )
