"""Tracing: one trace from a command to everything that follows from it. Attributes never hold personal data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, SpanContext, format_span_id, format_trace_id
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

EXPORT_EVERY_MS = 5_000
WRITE_EVERY_MS = 500

_propagator = TraceContextTextMapPropagator()


@dataclass(frozen=True)
class Tracing:
    """The tracing of this process, until it is stopped."""

    provider: "TracerProvider"

    def flush(self) -> None:
        """Hands over every span that has ended."""
        self.provider.force_flush()

    def stop(self) -> None:
        """Hands over every span that has ended and ends the exporting thread."""
        self.provider.shutdown()


def start_tracing(
    service: str, *, otlp_endpoint: str | None = None, span_file: Path | None = None, sampling: float = 1.0
) -> Tracing:
    """Sets up tracing for this process: exported by OTLP (HTTP, base URL), else written to a file, else only ids.

    `sampling` is the share of new traces that is recorded; a trace begun elsewhere keeps its own decision. Ids
    are made in any case, so every fact belongs to a trace.
    """
    from opentelemetry.sdk.resources import Resource  # the SDK takes a while to import: only where it is used
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBasedTraceIdRatio

    exporter = _exporter(otlp_endpoint, span_file)
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(sampling) if exporter else ALWAYS_OFF,
        resource=Resource.create({"service.name": service, "service.namespace": "rapport"}),
        shutdown_on_exit=False,
    )
    if exporter:
        every_ms = EXPORT_EVERY_MS if otlp_endpoint else WRITE_EVERY_MS
        provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=every_ms))
    trace.set_tracer_provider(provider)
    return Tracing(provider)


def _exporter(otlp_endpoint: str | None, span_file: Path | None) -> "SpanExporter | None":
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
    if span_file:
        from crm.chassis.telemetry.span_file import SpanFile

        return SpanFile(span_file)
    return None


def current_traceparent() -> str | None:
    """The W3C traceparent of the current span; None where nothing is traced."""
    current = trace.get_current_span().get_span_context()
    return traceparent_of(current) if current.is_valid else None


def traceparent_of(span: SpanContext) -> str:
    """A span's identity as W3C traceparent."""
    return f"00-{format_trace_id(span.trace_id)}-{format_span_id(span.span_id)}-{int(span.trace_flags):02x}"


def current_trace_id() -> str | None:
    """The id of the current trace, 32 hexadecimal digits."""
    current = trace.get_current_span().get_span_context()
    return format_trace_id(current.trace_id) if current.is_valid else None


def current_span_id() -> str | None:
    """The id of the current span, 16 hexadecimal digits."""
    current = trace.get_current_span().get_span_context()
    return format_span_id(current.span_id) if current.is_valid else None


def parent_from(traceparent: str | None) -> Context:
    """The context in which a span continues the caller's trace; a malformed traceparent starts a new one."""
    return _propagator.extract({"traceparent": traceparent} if traceparent else {}, context=Context())


def links_to(*traceparents: str | None) -> Sequence[Link]:
    """Links to the spans that made some facts; what is missing or malformed is left out."""
    spans = (trace.get_current_span(parent_from(each)).get_span_context() for each in traceparents if each)
    return [Link(span) for span in spans if span.is_valid]
