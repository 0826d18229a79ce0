"""The trace of one command across services as a tree: what led to what, by parents in a service and by links beyond."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.tree import Tree

from crm.local.timeline import COLOURS


@dataclass(frozen=True)
class Span:
    """One piece of work."""

    span_id: str
    trace_id: str
    causes: tuple[str, ...]
    """The ids of the spans that led to it."""
    service: str
    name: str
    kind: str
    started_at: datetime
    duration_ms: float

    @classmethod
    def of(cls, written: dict[str, Any]) -> "Span":
        parents = [written["parent_id"]] if written["parent_id"] else []
        return cls(
            span_id=written["span_id"],
            trace_id=written["trace_id"],
            causes=(*parents, *(each["span_id"] for each in written["links"])),
            service=written["service"],
            name=written["name"],
            kind=written["kind"],
            started_at=datetime.fromisoformat(written["started_at"]),
            duration_ms=written["duration_ms"],
        )


def spans_in(folder: Path) -> list[Span]:
    """Every span that the suite's processes wrote, in the order in which they began."""
    lines = (line for file in sorted(folder.glob("*.jsonl")) for line in file.read_text("utf-8").splitlines())
    return sorted((Span.of(json.loads(line)) for line in lines), key=lambda each: each.started_at)


def trace_of(spans: Sequence[Span], trace_id: str) -> Tree:
    """What a command led to in all services. Raises `LookupError` if nothing is known of it."""
    root = next((each for each in spans if each.trace_id == trace_id and not each.causes), None)
    if root is None:
        raise LookupError(f"No span of the trace {trace_id} was written.")
    children: dict[str, list[Span]] = {}
    for each in spans:
        for cause in each.causes:
            children.setdefault(cause, []).append(each)
    tree = Tree(_label([root], root))
    _grow(tree, [root], root, children, {root.span_id})
    return tree


def _grow(tree: Tree, causes: Sequence[Span], root: Span, children: dict[str, list[Span]], shown: set[str]) -> None:
    found: dict[str, Span] = {}
    for cause in causes:
        found |= {each.span_id: each for each in children.get(cause.span_id, ()) if each.span_id not in shown}
    shown.update(found)
    for together in _together(found.values()):
        _grow(tree.add(_label(together, root)), together, root, children, shown)


def _together(spans: Iterable[Span]) -> Iterator[list[Span]]:
    """Views that a service keeps up to date stand in one line."""

    def service(each: Span) -> tuple[bool, str]:
        return each.kind == "consumer", each.service

    first: dict[tuple[bool, str], datetime] = {}
    for each in spans:
        first.setdefault(service(each), each.started_at)
    ordered = sorted(spans, key=lambda each: (first[service(each)], service(each), each.started_at))
    for (views, _), group in groupby(ordered, service):
        if views:
            yield list(group)
        else:
            yield from ([each] for each in group)


def _label(spans: Sequence[Span], root: Span) -> str:
    first = spans[0]
    colour = COLOURS.get(first.service, "white")
    views = dict.fromkeys(_view(each) for each in spans)
    name = f"process {', '.join(views)}" if first.kind == "consumer" else first.name
    after = (first.started_at - root.started_at) / timedelta(milliseconds=1)
    when = f"{first.duration_ms:.0f} ms" if first is root else f"+{after:.0f} ms"
    return f"[{colour}]{escape(first.service)}[/{colour}]  {escape(name)}  [dim]{when}[/dim]"


def _view(span: Span) -> str:
    """`process directory_v1` is about the view `directory`."""
    return span.name.removeprefix("process ").rpartition("_v")[0] or span.name.removeprefix("process ")
