"""Pages for people who hold a mail in hands: no script, nothing loaded from elsewhere, nothing personal."""

from html import escape
from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse

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
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "A page that says so; a problem, if there is no such address.", "content": _HTML | _PROBLEM}
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1.125rem/1.6 system-ui, sans-serif; color: #1a1a1a; background: #fff; margin: 0 }}
main {{ max-width: 34rem; margin: 4rem auto; padding: 0 1.25rem }}
button {{ font: inherit; padding: .7rem 1.4rem; color: #fff; background: #14532d; border: 2px solid #14532d;
  border-radius: .4rem; cursor: pointer }}
button:focus-visible {{ outline: 3px solid #1d4ed8; outline-offset: 3px }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
{content}
</main>
</body>
</html>
"""


def not_found() -> HTMLResponse:
    """For a link that was not made here, or was cut on the way."""
    sentence = "Please copy the whole link from the mail: some programs break it over two lines."
    return _page("This link does not work", f"<p>{sentence}</p>", HTTPStatus.NOT_FOUND)


def ask(purpose: str) -> HTMLResponse:
    """Asks whether somebody means it: nothing has happened yet."""
    content = (
        f"<p>You will get no more of our mails for <strong>{escape(purpose)}</strong> at this address.</p>\n"
        '<form method="post"><button type="submit">Unsubscribe</button></form>'
    )
    return _page("Unsubscribe from our mails?", content)


def done(purpose: str) -> HTMLResponse:
    """Tells that it is so."""
    content = (
        f'<p role="status">You get no more of our mails for <strong>{escape(purpose)}</strong> at this address.</p>\n'
        "<p>You can close this page.</p>"
    )
    return _page("You are unsubscribed", content)


def _page(title: str, content: str, status: int = HTTPStatus.OK) -> HTMLResponse:
    headers = HEADERS | {"Content-Security-Policy": _POLICY}
    return HTMLResponse(_PAGE.format(title=title, content=content), status, headers=headers)
