"""What leaves a service, shown as the agent may see it: every answer passes here, whatever endpoint made it.

JSON is changed. What is streamed, or made for another program, is refused without the permission, unless its endpoint
says that it hides what has to be hidden itself (`hiding`).
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from crm.chassis.auth import Agent, Forbidden
from crm.chassis.auth.permissions import AGENT
from crm.chassis.auth.visibility import HIDDEN, READ_ADDRESSES, Hide, without_addresses
from crm.events import catalogue, summarise

_HIDES_ITSELF = "crm.hides-itself"
_JSON = "application/json"
_TELLS = range(200, 300)


class Receipt(Response):
    """Tells what was written: ids, versions and tokens, which anybody may see."""

    media_type = _JSON


def visible(request: Request, response: Response) -> Response:
    """The answer as this agent may see it. Raises `Forbidden` for what cannot be shown in part."""
    agent: Agent | None = request.scope.get(AGENT)
    if agent is None or agent.may(READ_ADDRESSES) or response.status_code not in _TELLS:
        return response
    if isinstance(response, Receipt) or request.scope.get(_HIDES_ITSELF):
        return response
    body, media_type = getattr(response, "body", None), response.headers.get("content-type", "")
    if body == b"":
        return response
    if body is None or not media_type.startswith(_JSON):
        raise Forbidden(READ_ADDRESSES)
    shown = msgspec.json.encode(without_addresses(msgspec.json.decode(body), summary_of))
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(shown, response.status_code, headers=headers)


def hiding(request: Request, agent: Agent) -> Hide:
    """For an endpoint that streams: what to put each piece through, as plain values that JSON can tell."""
    request.scope[_HIDES_ITSELF] = True
    if agent.may(READ_ADDRESSES):
        return lambda piece: piece
    return lambda piece: without_addresses(piece, summary_of)


def summary_of(fact_type: str, members: dict[str, Any]) -> str:
    """The summary of a fact some of whose members are hidden."""
    fact_class = catalogue.BY_TYPE.get(fact_type)
    try:
        return summarise(msgspec.convert({**members, "type": fact_type}, fact_class)) if fact_class else HIDDEN
    except msgspec.ValidationError:
        return HIDDEN
