"""Who may do what: a table of permissions and roles, from what the endpoints of all services ask for."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from crm.chassis.auth.agent import Agent
from crm.chassis.auth.roles import Roles
from crm.chassis.auth.visibility import FIELD_LEVEL
from crm.chassis.documents.canvas import OPERATORS, between

BEGIN, END = "<!-- access -->", "<!-- /access -->"
_METHODS = ("get", "head", "post", "put", "patch", "delete")


class Operation(NamedTuple):
    """One thing a service can be asked, and the permissions it asks for; none: everybody may."""

    service: str
    method: str
    path: str
    permissions: tuple[str, ...]


def operations_of(service: str, openapi: Mapping[str, Any]) -> Iterator[Operation]:
    """What a service can be asked over HTTP, as its OpenAPI document says; without what is for operators."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if method in _METHODS and not path.startswith(OPERATORS):
                asked = [each for scheme in operation.get("security", ()) for each in scheme["bearer"]]
                yield Operation(service, method.upper(), path, tuple(asked))


def access_markdown(documents: Mapping[str, Mapping[str, Any]], roles: Roles) -> str:
    """The table: a line per permission, a column per role; then what needs no token. By service: OpenAPI documents."""
    operations = [each for service, openapi in documents.items() for each in operations_of(service, openapi)]
    asked = {permission for each in operations for permission in each.permissions}
    names = list(roles.permissions)
    lines = [f"| permission | decides about | {' | '.join(names)} |", f"|---|---|{'---|' * len(names)}"]
    for permission in sorted({*asked, *FIELD_LEVEL}):
        holders = [Agent("", roles.grant([name])).may(permission) for name in names]
        shown = FIELD_LEVEL.get(permission, "requests")
        lines.append(f"| `{permission}` | {shown} | {' | '.join('yes' if each else '' for each in holders)} |")
    public = [f"- {each.service}: `{each.method} {each.path}`" for each in operations if not each.permissions]
    return "\n".join([BEGIN, "", *lines, "", "Without a token, on purpose:", "", *public, "", END])


def with_access(text: str, table: str) -> str:
    """A page with its table replaced. Raises `ValueError` if it has no place for one."""
    return between(text, BEGIN, END, table)
