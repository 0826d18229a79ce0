"""What `rapport import` tells: how a file is understood, what its rows would do, what became of them."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

MOST_SHOWN = 20
Cells: TypeAlias = Callable[[dict[str, Any]], tuple[str, ...]]


def understood(job: dict[str, Any]) -> RenderableType:
    """As what a file is read, and what its columns mean."""
    source = {"generic": "a table", "vcard": "vCards"}.get(job["source"], f"an export of {job['source'].capitalize()}")
    lines = [f"Read as {source}, with {job['kind']}."]
    if columns := [each for each in job["columns"] if each["header"]]:
        told = (f"{each['header']} → {each['field']}" + ("" if each["kept"] else " (not kept)") for each in columns)
        lines.append("  " + ", ".join(told))
    return Text("\n".join(lines))


def plan(job: dict[str, Any], rows: Iterable[dict[str, Any]]) -> RenderableType:
    """What the rows of a file would do."""
    shown: list[dict[str, Any]] = []
    for each in rows:
        tells = each["outcome"] not in ("create", "unchanged") or each.get("reason")
        if tells and len(shown) < MOST_SHOWN:
            shown.append(each)
    head = (
        f"Dry run of {job['rows']:,} rows: {job['registered']:,} new, {job['updated']:,} changed,"
        f" {job['matched']:,} known already, {job['rejected']:,} rejected"
        f" ({job['conflicts']:,} of them in conflict).{_work(job, 'would be')} Nothing was changed."
    )
    parts: list[RenderableType] = [Text(head, style="bold")]
    if shown:
        parts += [Text(), table(("Line", "Would", "Field", "Why"), shown, _planned)]
    return Group(*parts)


def _work(job: dict[str, Any], were: str) -> str:
    """What rows of people do about the organisations they name; nothing where they name none."""
    if not (job.get("accounts") or job.get("affiliated")):
        return ""
    return f" {job['accounts']:,} accounts {were} made, {job['affiliated']:,} people affiliated."


def _planned(row: dict[str, Any]) -> tuple[str, ...]:
    by = f"by {row['matched_by']}" if row["matched_by"] else ""
    why = row["reason"] or (f"as line {row['earlier_line']}" if row["earlier_line"] else by)
    return str(row["line"]), row["outcome"], row["field"] or "", why


def report(job: dict[str, Any], rows: Iterable[dict[str, Any]]) -> RenderableType:
    """What became of the rows of an import that has ended; `rows` are those that the report has."""
    shown: dict[str, list[dict[str, Any]]] = {"matched": [], "rejected": []}
    twice = 0
    for each in rows:
        twice += each["earlier_line"] is not None
        kind = {"matched": "matched", "rejected": "rejected", "conflict": "rejected"}.get(each["outcome"])
        if kind and len(shown[kind]) < MOST_SHOWN:
            shown[kind].append(each)
    known = f"{job['matched']:,} known already" + (f" ({twice:,} of them from this file)" if twice else "")
    changed = f" {job['updated']:,} changed," if job.get("updated") else ""
    head = f"{job['rows']:,} rows: {job['registered']:,} registered,{changed} {known}, {job['rejected']:,} rejected."
    head += _work(job, "were")
    parts: list[RenderableType] = [Text(head, style="bold"), Text(f"Import {job['id']}", style="dim")]
    if shown["matched"]:
        parts += [Text("\nKnown already"), table(("Line", "By", "Earlier line", "Contact"), shown["matched"], _known)]
        parts += _rest(job, "matched")
    if shown["rejected"]:
        parts += [Text("\nRejected"), table(("Line", "Field", "Reason"), shown["rejected"], _refused)]
        parts += _rest(job, "rejected")
    return Group(*parts)


def stays(row: dict[str, Any]) -> bool:
    """Whether a revert has left something of a row as it was."""
    return row.get("reverted") is False or row.get("account_reverted") is False


def kept_cells(row: dict[str, Any]) -> tuple[str, ...]:
    """What of a row stays after a revert, and why."""
    if row.get("reverted") is False:
        return str(row["line"]), row["contact"] or "", row["reason"] or ""
    return str(row["line"]), row["account"] or "", row["account_reason"] or ""


def _known(row: dict[str, Any]) -> tuple[str, ...]:
    return (
        str(row["line"]),
        row["matched_by"] or "",
        str(row["earlier_line"] or "before"),
        _who(row),
    )


def _refused(row: dict[str, Any]) -> tuple[str, ...]:
    return str(row["line"]), row["field"] or "", row["reason"]


def table(titles: Sequence[str], rows: Sequence[dict[str, Any]], cells: Cells) -> RenderableType:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in titles:
        table.add_column(title, justify="right" if title.endswith(("Line", "line")) else "left", overflow="fold")
    for row in rows:
        table.add_row(*(escape(each) for each in cells(row)))
    return table


def _rest(job: dict[str, Any], outcome: str) -> list[RenderableType]:
    more = job[outcome] - MOST_SHOWN
    return [Text(f"… and {more:,} more: GET /imports/{job['id']}/rows", style="dim")] if more > 0 else []


def _who(row: dict[str, Any]) -> str:
    return str(row["contact"] or row.get("account") or "")
