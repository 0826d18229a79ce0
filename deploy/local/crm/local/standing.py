"""What `rapport status` and `rapport audit` show: processes, addresses, what needs a person, what is violated."""

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from crm.local.state import Standing, read_standings
from crm.local.suite import Description, Layout

if TYPE_CHECKING:
    from crm.chassis.audit import Audit

MEBIBYTE = 1024 * 1024
ASK_TIMEOUT_S = 3.0


def standing(layout: Layout, suite: Description | None) -> RenderableType:
    """The suite as it stands now; `suite` is None while it starts or stops."""
    parts: list[RenderableType] = [_processes(read_standings(layout.standings_file))]
    if suite is None:
        parts.append(Text("The suite is starting or stopping."))
        return Group(*parts)
    parts.append(addresses(suite))
    if warnings := list(_warnings(suite)):
        parts.append(Text("\n".join(["Needs attention", *warnings]), style="yellow"))
    return Group(*parts)


def addresses(suite: Description) -> RenderableType:
    """Where the services are."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, url in suite["services"].items():
        table.add_row(name, f"{url}/docs")
    table.add_row("mails", escape(suite["mail"]))
    return Group(table, Text(""))


def _processes(standings: list[Standing]) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("Process", "State"):
        table.add_column(name, no_wrap=True)
    for name in ("Pid", "Memory", "Since", "Restarts"):
        table.add_column(name, justify="right")
    for each in standings:
        table.add_row(each.name, *_row(each), str(each.restarts or ""))
    return table


def _row(each: Standing) -> tuple[str, str, str, str]:
    process = each.process
    if process is not None:
        memory = f"{process.memory_info().rss // MEBIBYTE} MB"
        return "[green]running[/green]", str(process.pid), memory, _duration(time.time() - process.create_time())
    if each.starts_at is not None:
        wait_s = each.starts_at - time.time()
        return f"[yellow]starts in {wait_s:.0f} s[/yellow]" if wait_s > 0 else "[yellow]starts[/yellow]", "", "", ""
    return "[red]ended[/red]", "", "", ""


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min" if minutes else f"{rest} s"


def _warnings(suite: Description) -> Iterator[str]:
    """What stands still until somebody does something."""
    for name, url in suite["services"].items():
        try:
            lag = httpx.get(f"{url}/health/lag", timeout=ASK_TIMEOUT_S, trust_env=False).raise_for_status().json()
        except httpx.HTTPError:
            yield f"  {name} does not answer; see its log"
            continue
        for view, feeds in lag.items():
            stopped = next((feed for feed in feeds.values() if feed["state"] == "stopped"), None)
            if stopped is not None:
                yield f"  {name}/{view} has stopped: {stopped['reason']}. `rapport resume {name}/{view}` lets it go on."
            if parked := sum(feed["parked"] for feed in feeds.values()):
                yield f"  {name}/{view} has parked {parked} facts: `rapport parked list --service {name}`"


def audited(done: "Audit") -> RenderableType:
    """What the audit found."""
    looked = f"{done.facts:,} facts, {done.records:,} records on Kafka ({done.repeats:,} repeats), "
    looked += f"{done.contacts:,} contacts with {done.items:,} lines of history"
    lines = [Text(f"Looked at {looked}.")]
    lines += [Text(f"Behind, and not judged: {each}", style="yellow") for each in done.behind]
    for finding in done.findings:
        lines.append(Text(f"{finding.invariant}: {finding.sentence} ({finding.cases} cases)", style="red"))
        lines += [Text(f"    {each}") for each in finding.ids]
    if done.is_clean:
        lines.append(
            Text("Every fact is where it belongs: nothing lost, nothing doubled, all in order.", style="green")
        )
    return Group(*lines)
