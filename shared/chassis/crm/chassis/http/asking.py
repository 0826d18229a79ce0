"""What commands take: a log bound to the request, and the version the caller has seen."""

import json
import re
from hashlib import sha256
from typing import Annotated, Any, TypeVar, cast
from uuid import uuid4

from fastapi import Depends, Request

from crm.chassis.auth.permissions import current_agent
from crm.chassis.http import problems
from crm.chassis.http.headers import (
    CORRELATION_ID,
    ChannelHeader,
    CorrelationHeader,
    IdempotencyHeader,
    MatchHeader,
)
from crm.chassis.http.problems import retry_later
from crm.chassis.log import Commands, Context, EventLog, Idempotency
from crm.chassis.telemetry import current_traceparent

P = TypeVar("P")


async def request_log(
    request: Request,
    channel: ChannelHeader = None,
    correlation_id: CorrelationHeader = None,
    key: IdempotencyHeader = None,
) -> Commands:
    """The log, bound to who asks and how."""
    agent = await current_agent(request)
    idempotency = Idempotency(agent.actor, key, await request_identity(request)) if key else None
    return _commands(request, agent.actor, channel or "api", correlation_id, idempotency)


async def public_log(
    request: Request, channel: ChannelHeader = None, correlation_id: CorrelationHeader = None
) -> Commands:
    """The log for a page without a token; `log.with_(actor="contact:…")` where the page knows who asks."""
    return _commands(request, f"service:{event_log(request).service}", channel or "web", correlation_id, None)


def event_log(request: Request) -> EventLog:
    """The service's log, for reading streams."""
    if request.app.state.log is None:
        raise retry_later(problems.UNAVAILABLE, "The log of this service cannot be reached now.")
    return cast(EventLog, request.app.state.log)


Log = Annotated[Commands, Depends(request_log)]
"""The log, bound to the request: `log.execute(contacts, contact_id, partial(rename, name=…), expected)`."""

PublicLog = Annotated[Commands, Depends(public_log)]
"""The log for pages without a token, such as unsubscribing by a link."""


async def streams(request: Request) -> EventLog:
    """The service's log, for reading one thing: `streams.get(contacts, contact_id)`."""
    return event_log(request)


Streams = Annotated[EventLog, Depends(streams)]
"""The log for reading one thing, never stale: `streams.get(contacts, contact_id)`."""


def _commands(
    request: Request, actor: str, channel: str, correlation_id: str | None, idempotency: Idempotency | None
) -> Commands:
    correlation_id = correlation_id or str(uuid4())
    request.scope[CORRELATION_ID] = correlation_id
    context = Context(
        actor=actor,
        channel=channel,
        correlation_id=correlation_id,
        traceparent=current_traceparent(),
        idempotency=idempotency,
    )
    return event_log(request).commands(context)


async def request_identity(request: Request) -> bytes:
    """What makes two requests the same one: method, address, and the body whatever its spacing and order."""
    takes_form = getattr(request.scope["route"], "takes_form", False)
    body = await _canonical_form(request) if takes_form else _canonical_json(await request.body())
    address = request.scope["path"].encode() + b"?" + request.scope["query_string"]
    return b"\n".join((request.method.encode(), address, body))


def _canonical_json(body: bytes) -> bytes:
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return body


async def _canonical_form(request: Request) -> bytes:
    fields: list[tuple[str, str]] = []
    for name, value in (await request.form()).multi_items():
        if isinstance(value, str):
            fields.append((name, value))
        else:
            fields.append((name, sha256(await value.read()).hexdigest()))
            await value.seek(0)
    return json.dumps(fields).encode()


def part(kind: type[P]) -> Any:
    """The dependency on something of the service's own, given to its `Api` as one of `parts`."""

    async def given(request: Request) -> P:
        return part_of(request, kind)

    return Depends(given)


def part_of(request: Request, kind: type[P]) -> P:
    """Something of the service's own."""
    found: dict[type, Any] = request.app.state.parts
    if kind not in found:
        raise retry_later(problems.UNAVAILABLE, "A part of this service cannot be reached now.")
    return cast(P, found[kind])


async def expected_version(if_match: MatchHeader = None) -> int | None:
    """The version the caller has seen; None where it does not say, or says `*`."""
    digits = re.sub(r'[*"]', "", if_match or "")
    return int(digits) if digits else None


IfMatch = Annotated[int | None, Depends(expected_version)]
"""The version the caller has seen (`If-Match`), for `execute(…, expected)`."""
