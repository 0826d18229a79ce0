"""Permissions in an endpoint's signature: `CanReadContacts = Annotated[Agent, allowed("contacts:read")]`."""

from dataclasses import dataclass
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Depends, Request

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.refusals import Forbidden, Unauthenticated
from crm.chassis.auth.roles import PERMISSION
from crm.chassis.auth.verifier import TokenVerifier

VERIFYING_THREADS = 2
"""Threads of their own: fetching an issuer's keys must not keep commands waiting."""

AGENT = "crm.agent"
"""Where a request keeps who sent it."""
_limiter: RunVar[CapacityLimiter] = RunVar("verifying")


async def current_agent(request: Request) -> Agent:
    """Who sent the request. Raises `Unauthenticated` without a valid token."""
    known: Agent | None = request.scope.get(AGENT)
    if known is None:
        known = request.scope[AGENT] = await _verified(request)
    return known


async def _verified(request: Request) -> Agent:
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token: `Authorization: Bearer <token>`.", token_given=False)
    verifier: TokenVerifier = request.app.state.verifier
    agent = verifier.remembered(token)
    if agent is None:
        agent = await to_thread.run_sync(verifier.verify, token, limiter=_verifying())
    return agent


CurrentAgent = Annotated[Agent, Depends(current_agent)]
"""Whoever has a valid token, whatever it permits."""


@dataclass(frozen=True)
class Permission:
    """Lets in whoever may do something; the endpoint gets the agent."""

    name: str

    async def __call__(self, request: Request) -> Agent:
        agent = await current_agent(request)
        if not agent.may(self.name):
            raise Forbidden(self.name)
        return agent


def allowed(permission: str, kind: type[Permission] = Permission) -> Any:
    """The dependency on a permission such as `contacts:read`; goes into `Annotated[Agent, allowed(…)]`.

    A service may have a `kind` of its own that looks at more than the token.
    """
    if not PERMISSION.fullmatch(permission):
        raise ValueError(f"A permission reads like contacts:read, not {permission!r}.")
    return Depends(kind(permission))


def _verifying() -> CapacityLimiter:
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(VERIFYING_THREADS)
        _limiter.set(limiter)
        return limiter
