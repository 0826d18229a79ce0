"""Routers and routes: what every endpoint does besides its own work."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from fastapi import APIRouter, Depends, params
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from crm.chassis.auth import Permission
from crm.chassis.http.answers import CONSISTENCY_TOKEN, NOT_KEPT, shape_of
from crm.chassis.http.consistency import SATISFIED
from crm.chassis.http.headers import CORRELATION_ID
from crm.chassis.http.storable import storable
from crm.chassis.http.visible import visible

_SHAPING = frozenset(
    (
        "response_class",
        "response_model",
        "response_model_exclude",
        "response_model_exclude_defaults",
        "response_model_exclude_none",
        "response_model_exclude_unset",
        "response_model_include",
    )
)
"""Options with which an endpoint leaves the shape of its answer to FastAPI."""

_PRIVATE = "private, no-cache"


class Endpoint(APIRoute):
    """A route that knows our answers, settles who asks before what is asked, and marks what it answers.

    `max_body_size` (bytes) replaces the app's limit for this endpoint.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, max_body_size: int | None = None, **options: Any
    ) -> None:
        self.body_limit = max_body_size
        self.declared = {"endpoint": endpoint, "max_body_size": max_body_size, **options}
        if shape := shape_of(endpoint, options.get("status_code"), plain=not _SHAPING.intersection(_given(options))):
            endpoint = shape.around(endpoint)
            options |= {"response_model": shape.model, "status_code": shape.status}
        dependencies = [Depends(storable), *(options.pop("dependencies", None) or ())]
        super().__init__(path, endpoint, dependencies=dependencies, **options)
        self.dependant.dependencies.sort(key=lambda each: not _guards(each))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_mark(request: Request) -> Response:
            return marked(request, visible(request, await handle(request)))

        return handle_and_mark

    @property
    def takes_form(self) -> bool:
        """Whether its body is a form, with or without files."""
        return self.body_field is not None and isinstance(self.body_field.field_info, params.Form)

    @property
    def calls(self) -> Iterator[object]:
        """Everything this endpoint depends on, at any depth."""
        return (each.call for each in dependants(self.dependant))

    @property
    def permissions(self) -> tuple[str, ...]:
        """The permissions it asks for; none: it is public, or open to every valid token."""
        return tuple(dict.fromkeys(call.name for call in self.calls if isinstance(call, Permission)))

    @property
    def operations(self) -> tuple[str, ...]:
        """How it is called, such as `GET /contacts/{contact_id}`."""
        return tuple(f"{method} {self.path_format}" for method in sorted(self.methods or ()))


class Router(APIRouter):
    """The router of a service's endpoints: `router = Router(prefix="/contacts", tags=["contacts"])`."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=Endpoint, **options)

    def include_router(self, router: APIRouter, *, prefix: str = "", **options: Any) -> None:
        """Takes over the endpoints of another router, below its own prefix. Nothing else can be given."""
        if options:
            raise TypeError(f"Declare {', '.join(options)} on the included router itself.")
        for route in router.routes:
            if not isinstance(route, Endpoint):
                raise TypeError(f"Only a Router's endpoints can be included, not {route}.")
            declared = {name: value for name, value in route.declared.items() if name != "endpoint"}
            endpoint = route.declared["endpoint"]
            self.routes.append(Endpoint(f"{self.prefix}{prefix}{route.path}", endpoint, **declared))


def dependants(dependant: Dependant) -> Iterator[Dependant]:
    """A dependency and everything below it."""
    yield dependant
    for each in dependant.dependencies:
        yield from dependants(each)


def _given(options: Mapping[str, Any]) -> set[str]:
    """The options an endpoint was declared with, without those that only have their defaults."""
    return {name for name, value in options.items() if value and not isinstance(value, DefaultPlaceholder)}


def _guards(dependant: Dependant) -> bool:
    return any(isinstance(each.call, Permission) for each in dependants(dependant))


def marked(request: Request, response: Response) -> Response:
    """Adds the token a list satisfies, the correlation id, and a list's weak ETag; 304 if the client has it."""
    headers = response.headers
    if token := request.scope.get(SATISFIED):
        headers.setdefault(CONSISTENCY_TOKEN, token)
    if correlation_id := request.scope.get(CORRELATION_ID):
        headers.setdefault(CORRELATION_ID, correlation_id)
    body = getattr(response, "body", None)
    if request.method != "GET" or response.status_code != 200 or body is None:
        return response
    headers.setdefault("Cache-Control", _PRIVATE)
    headers.setdefault("ETag", f'W/"{blake2b(body, digest_size=12).hexdigest()}"')
    if headers["Cache-Control"] != NOT_KEPT and _has_it(request.headers.get("if-none-match"), headers["ETag"]):
        kept = {name: headers[name] for name in ("ETag", CONSISTENCY_TOKEN, "Cache-Control") if name in headers}
        return Response(status_code=304, headers=kept)
    return response


def _has_it(if_none_match: str | None, etag: str) -> bool:
    """The weak comparison of RFC 9110, section 8.8.3.2."""
    if not if_none_match:
        return False
    known = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in known or etag.removeprefix("W/") in known
