"""Logs as JSON lines with trace and event ids. Never personal data: the text of an exception may quote a row."""

import json
import logging
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TextIO

from crm.chassis.telemetry.tracing import current_span_id, current_trace_id

_event_id: ContextVar[str | None] = ContextVar("event_id", default=None)

_TELLING = (OSError, ImportError, AttributeError, NameError)
"""Exceptions whose text names machines, files or code. All others may quote what a person has entered."""

_FRAMES = 12


@contextmanager
def about(event_id: str | None) -> Iterator[None]:
    """Everything logged inside carries the id of this fact."""
    token = _event_id.set(event_id)
    try:
        yield
    finally:
        _event_id.reset(token)


def configure(service: str, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sends all logs of this process as JSON lines to `stream` (standard error)."""
    output = logging.StreamHandler(stream or sys.stderr)
    output.setFormatter(JsonLines(service))
    logging.basicConfig(level=level.upper(), handlers=[output], force=True)
    logging.captureWarnings(True)


class JsonLines(logging.Formatter):
    """One JSON object per log record. Times are UTC."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        members: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": record.getMessage(),
            "trace_id": current_trace_id(),
            "span_id": current_span_id(),
            "event_id": getattr(record, "event_id", None) or _event_id.get(),
        }
        if record.exc_info and record.exc_info[1] is not None:
            members["error"] = described(record.exc_info[1])
        return json.dumps({name: value for name, value in members.items() if value is not None})


def described(error: BaseException) -> dict[str, Any]:
    """An exception without what it may quote: its class, where it was raised, PostgreSQL's code, its cause."""
    members: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
    if isinstance(error, _TELLING):
        members["text"] = str(error)
    if sqlstate := getattr(error, "sqlstate", None):
        members["sqlstate"] = sqlstate
    members["at"] = _frames(error.__traceback__)
    if error.__cause__ is not None:
        members["cause"] = described(error.__cause__)
    return members


def _frames(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
