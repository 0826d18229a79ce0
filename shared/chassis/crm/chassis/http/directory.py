"""Finding the endpoint of a request among a few, by the form of its path, instead of asking a hundred one by one."""

from collections import defaultdict
from collections.abc import Iterable

from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from crm.chassis.http.endpoint import Endpoint

Form = tuple[str, int, str]
"""A method, how many parts a path has, and the first of them."""


class Directory(BaseRoute):
    """Stands before the endpoints it knows. What it does not find they answer themselves, as 404 and 405 are."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_form: dict[Form, list[Endpoint]] = defaultdict(list)
        for endpoint in endpoints:
            if "{" not in _first(endpoint.path_format) and ":path}" not in endpoint.path:
                for method in endpoint.methods or ():
                    self._by_form[_form(method, endpoint.path_format)].append(endpoint)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if scope["type"] == "http" and not scope.get("root_path"):
            for endpoint in self._by_form.get(_form(scope["method"], scope["path"]), ()):
                match, found = endpoint.matches(scope)
                if match is Match.FULL:
                    return match, found
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await scope["route"].handle(scope, receive, send)


def _form(method: str, path: str) -> Form:
    return method, path.count("/"), _first(path)


def _first(path: str) -> str:
    return path[1:].partition("/")[0]
