"""The trace of a command as a tree, from the files in which processes write their spans."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from crm.local.demo.tracing import spans_in, trace_of

TRACE, OTHER = "a" * 32, "b" * 32


def span(span_id: str, service: str, name: str, at_ms: int, **more: Any) -> dict[str, Any]:
    kind = "consumer" if name.startswith("process") else "internal"
    written: dict[str, Any] = {
        "trace_id": OTHER,
        "span_id": span_id,
        "parent_id": None,
        "service": service,
        "name": name,
    }
    written |= {"kind": kind, "started_at": f"2026-01-01T00:00:00.{at_ms:03}000+00:00"}
    return written | {"duration_ms": 5.0, "failed": False, "attributes": {}, "links": []} | more


def link(span_id: str) -> dict[str, str]:
    return {"trace_id": TRACE, "span_id": span_id}


def drawn(folder: Path, trace_id: str) -> list[str]:
    console = Console(width=120)
    with console.capture() as captured:
        console.print(trace_of(spans_in(folder), trace_id))
    return [each.rstrip() for each in captured.get().splitlines()]


def write(folder: Path, name: str, *spans: dict[str, Any]) -> None:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(each) + "\n" for each in spans))


def test_what_followed_hangs_below_what_led_to_it_across_services(tmp_path: Path) -> None:
    write(
        tmp_path,
        "sales-api",
        span("2", "sales", "append lead", 10, trace_id=TRACE, parent_id="1"),
        span("1", "sales", "POST /leads", 0, trace_id=TRACE),
        span("9", "sales", "POST /leads", 1),
    )
    write(tmp_path, "sales-relay", span("3", "sales", "send crm.sales.v1", 20, links=[link("2")]))
    write(
        tmp_path,
        "contacts-projector",
        span("4", "contacts", "process history_v1", 30, links=[link("2")]),
        span("5", "contacts", "policy registering", 31, links=[link("2")]),
        span("6", "contacts", "append contact", 32, parent_id="5"),
        span("7", "contacts", "process registering", 40, links=[link("2")]),
    )
    assert drawn(tmp_path, TRACE) == [
        "sales  POST /leads  5 ms",
        "└── sales  append lead  +10 ms",
        "    ├── sales  send crm.sales.v1  +20 ms",
        "    ├── contacts  process history, registering  +30 ms",
        "    └── contacts  policy registering  +31 ms",
        "        └── contacts  append contact  +32 ms",
    ]


def test_work_that_serves_several_facts_is_shown_once(tmp_path: Path) -> None:
    write(
        tmp_path,
        "all",
        span("1", "sales", "POST /leads", 0, trace_id=TRACE),
        span("2", "sales", "append lead", 1, trace_id=TRACE, parent_id="1"),
        span("3", "sales", "append deal", 2, trace_id=TRACE, parent_id="1"),
        span("4", "sales", "send crm.sales.v1", 3, links=[link("2"), link("3")]),
    )
    assert sum("send" in each for each in drawn(tmp_path, TRACE)) == 1


def test_a_trace_nobody_wrote_is_named(tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="c" * 32):
        trace_of(spans_in(tmp_path), "c" * 32)
