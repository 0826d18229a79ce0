"""What operators and other systems ask a process: its health, its metrics, its documents."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from crm.chassis.health import READY_TIMEOUT_S, Health
from crm.chassis.http import problems
from crm.chassis.http.problems import Problem
from crm.chassis.telemetry import metrics


@dataclass(frozen=True)
class Documents:
    """The documents a service publishes beside its API description."""

    asyncapi: Callable[[], str | bytes] | None = None
    """The AsyncAPI document, as YAML."""
    schema: Callable[[str], Mapping[str, Any] | None] | None = None
    """The JSON Schema of a fact type such as `crm.sales.opportunity-won.v1`; None if there is none."""


def operations(health: Health, documents: Documents) -> APIRouter:
    """`/health/*`, `/metrics`, `/asyncapi.yaml` and `/schemas/{type}`; none of them needs a token."""
    router = APIRouter(include_in_schema=False)
    _add_health(router, health)

    @router.get("/metrics")
    async def read_metrics() -> Response:
        return Response(metrics.exposition(), headers={"Content-Type": metrics.CONTENT_TYPE})

    @router.get("/asyncapi.yaml")
    def read_asyncapi() -> Response:
        if documents.asyncapi is None:
            raise Problem(problems.UNKNOWN, "This process publishes no AsyncAPI document.")
        return Response(documents.asyncapi(), media_type="application/yaml")

    @router.get("/schemas/{fact_type}")
    def read_schema(fact_type: str) -> Response:
        schema = documents.schema(fact_type) if documents.schema else None
        if schema is None:
            raise Problem(problems.UNKNOWN, "This service has no fact of this type.")
        return JSONResponse(schema, media_type="application/schema+json")

    return router


def _add_health(router: APIRouter, health: Health) -> None:
    @router.get("/health/live")
    async def live() -> Response:
        silent = health.silent()
        return _health_answer(not silent, {"silent": silent})

    @router.get("/health/ready")
    async def ready() -> Response:
        with anyio.move_on_after(READY_TIMEOUT_S):
            # A thread of its own: busy commands must not make the process look away.
            unready = await to_thread.run_sync(health.unready, limiter=CapacityLimiter(1), abandon_on_cancel=True)
            return _health_answer(not unready, {"unready": unready})
        return _health_answer(False, {"unready": sorted(health.checks)})

    @router.get("/health/lag")
    def lag() -> Response:
        return JSONResponse(health.lag())


def _health_answer(is_well: bool, details: Mapping[str, Any]) -> Response:
    return JSONResponse({"status": "up" if is_well else "down", **details}, 200 if is_well else 503)
