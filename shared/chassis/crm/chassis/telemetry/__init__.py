"""Telemetry: traces (`tracing`), one typed list of metrics (`metrics`), JSON logs (`logs`)."""

from crm.chassis.telemetry.tracing import (
    Tracing,
    current_span_id,
    current_trace_id,
    current_traceparent,
    links_to,
    parent_from,
    start_tracing,
    traceparent_of,
)

__all__ = [
    "Tracing",
    "current_span_id",
    "current_trace_id",
    "current_traceparent",
    "links_to",
    "parent_from",
    "start_tracing",
    "traceparent_of",
]
