"""Within whose records a request stays, where a deployment does not let everybody see everything.

It is asked once, in every permission of this service, for each id that a request names: in its path, its query and its
body. What a request leads to otherwise (an identifier, a list) is looked at where it is looked up, with `Mine`.
"""

import json
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from anyio import to_thread
from fastapi import Depends, Request

from crm.chassis.auth import READ_ALL, Agent, CurrentAgent, Forbidden, Permission, Territory, territory_of
from crm.chassis.http.asking import event_log, part_of
from crm.chassis.settings import Settings
from crm.contacts.owners import check_all


class Within(Permission):
    """Lets in whoever may do something, with records that are within their territory."""

    async def __call__(self, request: Request) -> Agent:
        agent = await super().__call__(request)
        territory = _territory(request, agent)
        if territory.owners is not None and (named := await _named_in(request)):
            await to_thread.run_sync(check_all, event_log(request), territory, named)
        return agent


class WithinAll(Permission):
    """Lets in whoever may do something with whomever it concerns, for whom that is cannot be told before."""

    async def __call__(self, request: Request) -> Agent:
        agent = await super().__call__(request)
        if _territory(request, agent).owners is not None:
            raise Forbidden(READ_ALL)
        return agent


async def _mine(request: Request, agent: CurrentAgent) -> Territory:
    return _territory(request, agent)


Mine: TypeAlias = Annotated[Territory, Depends(_mine)]
"""The records that the agent may see and change."""


def _territory(request: Request, agent: Agent) -> Territory:
    return territory_of(agent, part_of(request, Settings).record_access)


async def _named_in(request: Request) -> set[UUID]:
    """The ids that a request names, wherever they stand."""
    body = b"" if request.scope["route"].takes_form else await request.body()
    told: list[Any] = [
        *map(str, request.path_params.values()),
        *(value for _, value in request.query_params.multi_items()),
        _read(body),
    ]
    found: set[UUID] = set()
    while told:
        match told.pop():
            case str(text):
                found |= _id(text)
            case list(several):
                told += several
            case dict(members):
                told += members.values()
    return found


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None  # none, or nothing that an endpoint reads


def _id(text: str) -> set[UUID]:
    try:
        return {UUID(text)}
    except ValueError:
        return set()
