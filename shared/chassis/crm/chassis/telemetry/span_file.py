"""Spans as JSON lines in a file, for one machine without a collector."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import format_span_id, format_trace_id

LARGEST_BYTES = 50_000_000
"""Beyond this the file is put aside once as `<name>.1`, so that a suite left running fills no disk."""

_SECOND_NS = 1_000_000_000


class SpanFile(SpanExporter):
    """Appends ended spans to a file; processes may share it, since each batch is one write."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        lines = "".join(json.dumps(_members(span)) + "\n" for span in spans)
        try:
            self._make_room()
            with self.path.open("ab", buffering=0) as file:
                file.write(lines.encode())
        except OSError:
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    def _make_room(self) -> None:
        if self.path.exists() and self.path.stat().st_size > LARGEST_BYTES:
            self.path.replace(self.path.with_name(self.path.name + ".1"))


def _members(span: ReadableSpan) -> dict[str, Any]:
    context = span.get_span_context()
    assert context
    return {
        "trace_id": format_trace_id(context.trace_id),
        "span_id": format_span_id(context.span_id),
        "parent_id": format_span_id(span.parent.span_id) if span.parent else None,
        "service": span.resource.attributes.get("service.name"),
        "name": span.name,
        "kind": span.kind.name.lower(),
        "started_at": _utc(span.start_time),
        "duration_ms": ((span.end_time or 0) - (span.start_time or 0)) / 1e6,
        "failed": not span.status.is_ok,
        "attributes": dict(span.attributes or {}),
        "links": [
            {"trace_id": format_trace_id(link.context.trace_id), "span_id": format_span_id(link.context.span_id)}
            for link in span.links
        ],
    }


def _utc(nanoseconds: int | None) -> str:
    seconds, rest = divmod(nanoseconds or 0, _SECOND_NS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000).isoformat()
