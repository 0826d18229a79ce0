"""The edge of an app: one span and one measurement per request, a limit on bodies, and no error without a problem."""

import logging
import time
from collections.abc import MutableMapping
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from crm.chassis.http import problems
from crm.chassis.http.problems import Problem
from crm.chassis.telemetry import metrics, parent_from

QUIET = ("/health/", "/metrics")
"""Asked for every few seconds by machines: neither traced nor measured."""

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS = _READING | {"POST", "PUT", "PATCH", "DELETE"}
_log = logging.getLogger(__name__)
_tracer = trace.get_tracer("crm.http")


class Edge:
    """The outermost part of an app. Spans tell the path's template, never the path, the query or the body."""

    def __init__(self, app: ASGIApp, body_limit: int) -> None:
        self._app = app
        self._body_limit = body_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"].startswith(QUIET):
            await self._answer(scope, receive, send)
        else:
            await self._traced(scope, receive, send)

    async def _traced(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        traceparent = Headers(scope=scope).get("traceparent")
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with _tracer.start_as_current_span(
            method,
            context=parent_from(traceparent),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            status = await self._answer(scope, receive, send)
            route = _template(scope)
            if span.is_recording():
                _describe(span, method, route, status)
        measured = metrics.QUERY_S if method in _READING else metrics.COMMAND_S
        measured.labels(f"{method} {route}", str(status)).observe(time.perf_counter() - started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Runs the app and returns the status it answered, 500 if it failed."""
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, _Limited(scope, receive, self._body_limit), sending)
        except Exception:
            _log.exception("A request failed: %s %s", scope["method"], _template(scope))
            if status:
                raise  # half an answer is out: only the broken connection can tell
            problem = Problem(problems.INTERNAL, "This went wrong on our side. Quote the trace id if you report it.")
            await problem.response()(scope, receive, sending)
        return status or 499


class _Limited:
    """Receives a body up to the limit of its endpoint; a larger one is refused before it is read, or while."""

    def __init__(self, scope: Scope, receive: Receive, limit: int) -> None:
        self._scope = scope
        self._receive = receive
        self._default = limit
        self._received = 0

    async def __call__(self) -> MutableMapping[str, Any]:
        limit = getattr(self._scope.get("route"), "body_limit", None) or self._default
        announced = Headers(scope=self._scope).get("content-length", "")
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > limit:
            raise _too_large(limit)
        return message


def _too_large(limit: int) -> HTTPException:
    """An exception of the kind that is passed on by whatever reads the body."""
    return HTTPException(413, f"The body may have at most {limit:,} bytes.")


def _template(scope: Scope) -> str:
    return getattr(scope.get("route"), "path_format", None) or "unmatched"


def _describe(span: Span, method: str, route: str, status: int) -> None:
    span.update_name(f"{method} {route}")
    span.set_attributes({"http.request.method": method, "http.route": route, "http.response.status_code": status})
    if status >= 500:
        span.set_attribute("error.type", str(status))
        span.set_status(Status(StatusCode.ERROR))
