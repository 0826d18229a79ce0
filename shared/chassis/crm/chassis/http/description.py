"""The OpenAPI description: what FastAPI writes, and every problem that each endpoint may answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from crm.chassis.auth import Permission
from crm.chassis.auth.permissions import current_agent
from crm.chassis.auth.visibility import HIDDEN, READ_ADDRESSES
from crm.chassis.http.asking import expected_version, public_log, request_log
from crm.chassis.http.endpoint import Endpoint
from crm.chassis.http.problems import KINDS, MEDIA_TYPE
from crm.chassis.http.reading import Reads

_ALWAYS = {404, 422, 500, 503}
_SIGNED_IN = {401}
_PERMITTED = {401, 403}
_WITH_BODY = {400, 413, 415}
_COMMAND = {400, 409, 410, 412, 413, 415}
_QUERY = {409}

_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An OAuth 2 access token (JWT) of the configured OpenID Connect issuer.",
}
_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "A problem as RFC 9457 describes it.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "enum": sorted({kind.type for kind in KINDS})},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "A sentence for people."},
        "field": {"type": "string", "description": "The value it is about."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "location", "rule", "detail"],
                "properties": {
                    "field": {"type": "string"},
                    "location": {"type": "string"},
                    "rule": {"type": "string"},
                    "detail": {"type": "string", "description": "What to do."},
                },
            },
        },
        "holder": {"type": "string", "format": "uuid", "description": "Who holds an identifier that is taken."},
        "version": {"type": "integer", "description": "The version the record has now."},
        "trace_id": {"type": "string", "description": "Quote it when you ask about this."},
    },
}


_HIDING = (
    f"Without the permission `{READ_ADDRESSES}` e-mail addresses, telephone numbers, postal addresses (but for the"
    f" country) and devices read `{HIDDEN}`, in texts too, and the object they stand in says so in a further member"
    " `hidden: [<member>, …]`."
)


def describe(app: FastAPI) -> dict[str, Any]:
    """The description of an app, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=f"{app.description}\n\n{_HIDING}" if app.description else None,
            routes=app.routes,
        )
        components = schema.setdefault("components", {})
        _use_problem_schema(components)
        for route in app.routes:
            if isinstance(route, Endpoint) and route.include_in_schema:
                _describe_endpoint(route, schema["paths"][route.path_format])
        app.openapi_schema = schema
    return app.openapi_schema


def _use_problem_schema(components: dict[str, Any]) -> None:
    schemas = components.setdefault("schemas", {})
    for replaced in ("HTTPValidationError", "ValidationError"):
        schemas.pop(replaced, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["securitySchemes"] = {"bearer": _BEARER}
    components["responses"] = {f"Problem{status}": _problem_response(status) for status in _statuses()}
    components["schemas"] = dict(sorted(schemas.items()))


def _statuses() -> list[int]:
    return sorted({kind.status for kind in KINDS})


def _problem_response(status: int) -> dict[str, Any]:
    titles = dict.fromkeys(kind.title for kind in KINDS if kind.status == status)
    response: dict[str, Any] = {
        "description": ", or: ".join(titles),
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
    if status == HTTPStatus.UNAUTHORIZED:
        response["headers"] = {"WWW-Authenticate": {"schema": {"type": "string"}}}
    return response


def _describe_endpoint(route: Endpoint, path: Mapping[str, Any]) -> None:
    for method in route.methods or ():
        operation = path[method.lower()]
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        responses = operation.setdefault("responses", {})
        for status in sorted(_possible(route)):
            existing = responses.get(str(status), {})
            if not existing or status == HTTPStatus.UNPROCESSABLE_ENTITY:
                responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
        if method == "GET":
            responses.setdefault("304", {"description": "Nothing has changed since the ETag in If-None-Match."})
        if current_agent in route.calls or request_log in route.calls or route.permissions:
            operation["security"] = [{"bearer": list(route.permissions)}]
        if route.permissions:
            needs = f"Needs the permission `{'`, `'.join(route.permissions)}`."
            operation["description"] = "\n\n".join(filter(None, (operation.get("description"), needs)))
        operation["responses"] = dict(sorted(responses.items()))


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """An optional parameter is left out; it has no way to be null, whatever its type in Python says."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return {**schema, "anyOf": kinds} if kinds else schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _possible(route: Endpoint) -> set[int]:
    calls = list(route.calls)
    possible = set(_ALWAYS)
    if any(isinstance(call, Permission) for call in calls):
        possible |= _PERMITTED
    if current_agent in calls or request_log in calls:
        possible |= _SIGNED_IN
    if route.body_field is not None:
        possible |= _WITH_BODY
    if request_log in calls or public_log in calls or expected_version in calls:
        possible |= _COMMAND
    if any(isinstance(call, Reads) for call in calls):
        possible |= _QUERY
    return possible
