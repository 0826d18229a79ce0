"""The canvas of a service, in its README: what it is told and asked, what it tells others and learns from them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from crm.events import catalogue, type_of

if TYPE_CHECKING:
    from crm.chassis.service import Service

BEGIN, END = "<!-- canvas -->", "<!-- /canvas -->"
_READING = ("GET", "HEAD")
OPERATORS = ("/health", "/metrics", "/asyncapi", "/schemas", "/openapi")
"""How the addresses begin that are for those who run a service."""


def canvas(service: "Service", openapi: dict[str, Any], services: Sequence[str]) -> str:
    """Commands and queries, facts out and in, views, policies and timers. `services` are the names of all."""
    asked = list(_operations(openapi))
    sections = [
        ("Commands", [text for method, text in asked if method not in _READING]),
        ("Queries", [text for method, text in asked if method in _READING]),
        ("Facts out", [f"`{type_of(each)}`: {each.summary}" for each in catalogue.of_service(service.name)]),
        ("Facts in", [f"`crm.{each}.v1`" for each in _foreign(service, services)]),
        ("Views", [f"`{view.family}`" for view in service.views]),
        ("Policies", [f"`{each.name}` whenever {_listed(each.types)}" for each in service.policies]),
        ("Timers", [f"`{timer.name}`" for timer in service.timers]),
    ]
    lines = [BEGIN, "", service.purpose]
    for title, items in sections:
        if items:
            lines += ["", f"**{title}**", "", *[f"- {each}" for each in items]]
    return "\n".join([*lines, "", END])


def with_canvas(readme: str, new: str) -> str:
    """A README with its canvas replaced. Raises `ValueError` if it has no place for one."""
    return between(readme, BEGIN, END, new)


def between(text: str, begin: str, end: str, new: str) -> str:
    """A text with what stands between two marks replaced, marks and all. Raises `ValueError` if they are not there."""
    start, stop = text.find(begin), text.find(end)
    if not 0 <= start < stop:
        raise ValueError(f"There is no place for what is generated; write a line {begin} and, below it, a line {end}.")
    return text[:start] + new + text[stop + len(end) :]


def _operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Method and line of every operation that is no operators' one."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            if not path.startswith(OPERATORS):
                yield method.upper(), f"`{method.upper()} {path}` {_purpose(operation)}"


def _purpose(operation: dict[str, Any]) -> str:
    """What an endpoint's docstring says; one without says what it does by its name."""
    told, _, _ = operation.get("description", "").partition("Needs the permission")
    return " ".join(told.split()) or f"{operation['summary'].capitalize()}."


def _foreign(service: "Service", services: Sequence[str]) -> list[str]:
    """Whose facts it reads; a view of everything reads all services'."""
    everyone = set(services) if "*" in service.foreign else set()
    return sorted((service.foreign | everyone) - {"*", service.name})


def _listed(types: Any) -> str:
    return ", ".join(f"`{each}`" for each in sorted(types))
