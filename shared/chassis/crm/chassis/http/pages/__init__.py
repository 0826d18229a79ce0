"""Pages for people who follow a link, without a token: no script, nothing loaded from elsewhere, in one frame.

A service keeps its own templates in a folder of its package; each extends `frame.html` and says `title` and `content`.
Whatever stands in a template's values is escaped.
"""

from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Content-Type-Options": "nosniff",
}
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

_HTML = {"text/html": {"schema": {"type": "string"}}}
HTML: dict[str, Any] = {"content": _HTML}
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
OK: dict[int | str, dict[str, Any]] = {200: {"description": "A page for people.", **HTML}}
PAGE_OR_PROBLEM: dict[str, Any] = {"content": _HTML | _PROBLEM}
"""What refuses by a page, and by a problem where somebody else was faster or a part is away."""
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "A page that says so; a problem, if there is no such address.", **PAGE_OR_PROBLEM}
}


class Pages:
    """The pages of a service, from the folder `pages` of its package."""

    def __init__(self, package: str) -> None:
        loaders = [PackageLoader(package, "pages"), PackageLoader("crm.chassis.http.pages", ".")]
        self._templates = Environment(
            loader=ChoiceLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["words"] = _in_words

    def show(self, template: str, status: int = HTTPStatus.OK, **values: Any) -> HTMLResponse:
        """A page, made from a template of the service."""
        content = self._templates.get_template(template).render(values)
        return HTMLResponse(content, status, headers=HEADERS | {"Content-Security-Policy": _POLICY})

    def broken_link(self) -> HTMLResponse:
        """For a link that was not made here, or was cut on the way."""
        return self.show("broken_link.html", HTTPStatus.NOT_FOUND)


def _in_words(name: str) -> str:
    """A name such as `product-news` as people write it."""
    return name.replace("-", " ").replace("_", " ")
