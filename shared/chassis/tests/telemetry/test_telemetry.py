"""Traces, logs and metrics: what they tell, and what they never tell."""

import io
import json
import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient
from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

from crm.chassis.http.edge import Edge
from crm.chassis.telemetry import (
    current_trace_id,
    current_traceparent,
    links_to,
    logs,
    metrics,
    parent_from,
    traceparent_of,
)
from crm.chassis.telemetry.span_file import SpanFile

CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file that the spans of a test's app are written to."""
    provider = TracerProvider(resource=Resource({"service.name": "members"}))
    provider.add_span_processor(SimpleSpanProcessor(SpanFile(tmp_path / "spans" / "members.jsonl")))
    monkeypatch.setattr("crm.chassis.http.edge._tracer", provider.get_tracer("test"))
    return tmp_path / "spans" / "members.jsonl"


@pytest.fixture
def client() -> TestClient:
    app = FastAPI()
    app.add_middleware(Edge, body_limit=1_000)

    @app.get("/contacts/{name}")
    def get_contact(name: str) -> dict[str, Any]:
        if name == "bug":
            raise RuntimeError("a secret of ada@company.example")
        if name == "refused":
            raise HTTPException(418)
        return {"traceparent": current_traceparent(), "trace_id": current_trace_id()}

    return TestClient(app)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_request_is_one_span_of_the_callers_trace(client: TestClient, spans: Path) -> None:
    answer = client.get("/contacts/ada?email=ada@company.example", headers={"traceparent": CALLER}).json()
    (span,) = read(spans)
    assert span["trace_id"] == answer["trace_id"] == CALLER.split("-")[1]
    assert span["parent_id"] == CALLER.split("-")[2]
    assert answer["traceparent"] == f"00-{span['trace_id']}-{span['span_id']}-01"
    assert (span["name"], span["service"], span["kind"]) == ("GET /contacts/{name}", "members", "server")
    assert span["attributes"] == {
        "http.request.method": "GET",
        "http.route": "/contacts/{name}",
        "http.response.status_code": 200,
    }
    assert span["duration_ms"] > 0
    assert not span["failed"]


@pytest.mark.parametrize("malformed", ["", "nonsense", "00-0-0-01", CALLER.replace("0af7", "xxxx")])
def test_a_malformed_traceparent_starts_a_new_trace(client: TestClient, spans: Path, malformed: str) -> None:
    client.get("/contacts/ada", headers={"traceparent": malformed})
    (span,) = read(spans)
    assert span["parent_id"] is None


def test_a_failure_is_marked_and_not_quoted(client: TestClient, spans: Path) -> None:
    answer = client.get("/contacts/bug")
    (span,) = read(spans)
    assert (answer.status_code, span["failed"], span["attributes"]["error.type"]) == (500, True, "500")
    assert answer.json()["trace_id"] == span["trace_id"]
    assert "secret" not in spans.read_text() + answer.text


def test_health_and_metrics_are_not_traced(client: TestClient, spans: Path) -> None:
    client.get("/health/live")
    client.get("/metrics")
    assert not spans.exists()


def test_links_lead_to_the_spans_that_made_the_facts() -> None:
    (link,) = links_to(CALLER, None, "nonsense")
    assert traceparent_of(link.context) == CALLER


def test_no_parent_means_no_context() -> None:
    assert not trace.get_current_span(parent_from(None)).get_span_context().is_valid
    assert (current_traceparent(), current_trace_id()) == (None, None)


def test_a_full_span_file_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm.chassis.telemetry.span_file.LARGEST_BYTES", 10)
    file = SpanFile(tmp_path / "spans.jsonl")
    (tmp_path / "spans.jsonl").write_text("x" * 11)
    file.export([])
    assert (tmp_path / "spans.jsonl.1").read_text() == "x" * 11
    assert (tmp_path / "spans.jsonl").read_text() == ""


@pytest.mark.parametrize(("options", "recorded"), [("span_file=Path(sys.argv[1])", 1), ("", 0)])
def test_every_process_has_trace_ids_and_writes_them_where_told(tmp_path: Path, options: str, recorded: int) -> None:
    script = (
        "import sys; from pathlib import Path; from opentelemetry import trace\n"
        "from crm.chassis.telemetry import start_tracing, current_traceparent\n"
        f"tracing = start_tracing('members', {options})\n"
        "with trace.get_tracer('t').start_as_current_span('x'): print(current_traceparent())\n"
        "tracing.stop()\n"
    )
    file = tmp_path / "spans.jsonl"
    command = [sys.executable, "-c", script, str(file)]
    traceparent = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
    assert len(traceparent) == 55
    assert int(traceparent[-2:], 16) & 1 == recorded
    assert len(read(file) if file.exists() else []) == recorded


@pytest.fixture
def logged() -> "io.StringIO":
    return io.StringIO()


@pytest.fixture
def log(logged: io.StringIO) -> logging.Logger:
    logger = logging.Logger("crm.test")
    output = logging.StreamHandler(logged)
    output.setFormatter(logs.JsonLines("members"))
    logger.addHandler(output)
    return logger


def test_a_log_line_is_json_with_its_trace_and_event(log: logging.Logger, logged: io.StringIO) -> None:
    tracer = TracerProvider().get_tracer("test")
    with tracer.start_as_current_span("x") as span, logs.about("stream:7"):
        log.warning("%d facts", 3)
    line = json.loads(logged.getvalue())
    assert (line["message"], line["level"], line["service"], line["event_id"]) == (
        "3 facts", "warning", "members", "stream:7",
    )  # fmt: skip
    assert line["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert line["time"].endswith("+00:00")


def test_an_event_id_ends_with_its_block(log: logging.Logger, logged: io.StringIO) -> None:
    with logs.about("stream:7"):
        pass
    log.warning("after")
    assert "event_id" not in json.loads(logged.getvalue())


@pytest.mark.parametrize(
    "error",
    [
        ValueError("ada@company.example"),
        KeyError("ada@company.example"),
        psycopg.errors.UniqueViolation("Key (email)=(ada@company.example) already exists"),
    ],
)
def test_logs_tell_where_and_not_what(log: logging.Logger, logged: io.StringIO, error: Exception) -> None:
    try:
        raise RuntimeError("about ada@company.example") from error
    except RuntimeError:
        log.exception("It failed")
    line = json.loads(logged.getvalue())
    assert "ada@" not in logged.getvalue()
    assert line["error"]["type"] == "builtins.RuntimeError"
    assert line["error"]["cause"]["type"].endswith(type(error).__name__)
    assert "test_telemetry.py" in line["error"]["at"][0]
    if isinstance(error, psycopg.Error):
        assert line["error"]["cause"]["sqlstate"] == "23505"


def test_logs_tell_which_machine_is_away(log: logging.Logger, logged: io.StringIO) -> None:
    try:
        raise ConnectionRefusedError("127.0.0.1:5432 refused")
    except OSError:
        log.exception("Away")
    assert "5432" in json.loads(logged.getvalue())["error"]["text"]


def test_metrics_have_names_of_one_kind() -> None:
    names = [described.name for metric in metrics.ALL for described in metric.describe()]
    assert all(name.startswith("rapport_") for name in names)
    assert len(set(names)) == len(names)
    assert b"rapport_relay_lag_seconds" in metrics.exposition()
