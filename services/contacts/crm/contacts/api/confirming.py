"""Confirming a consent by the link in a mail (M3): a page asks, and only pressing its button confirms."""

import hashlib
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from typing import Any

from fastapi.responses import HTMLResponse, Response

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.http import PublicLog, Router, Streams
from crm.chassis.http.pages import NOT_FOUND, OK, PAGE_OR_PROBLEM, Pages
from crm.chassis.log import EventLog
from crm.chassis.people.links import AskedFor, read_confirmation
from crm.contacts.api.visitors import Visitor, day
from crm.contacts.consent import Consent, consents
from crm.contacts.double_opt_in import RequestState, confirm, state_of
from crm.contacts.wording import wording_stream, wordings

router = Router(prefix="/confirm", tags=["public pages"])

_pages = Pages("crm.contacts")
_GONE: dict[int | str, dict[str, Any]] = {
    409: {"description": "It was confirmed before.", **PAGE_OR_PROBLEM},
    410: {"description": "The link was not used in time, or something else was said since.", **PAGE_OR_PROBLEM},
}
_PAGE = OK | NOT_FOUND | _GONE


@router.get("/{token}", response_class=HTMLResponse, responses=_PAGE)
def get_page(token: str, streams: Streams) -> Response:
    """Asks whether they mean it. Looking at the page does nothing: link scanners look at everything."""
    asked = read_confirmation(streams.keys, token)
    consent = _consent(streams, asked)
    if asked is None or consent is None:
        return _pages.broken_link()
    state = state_of(consent, asked.version, datetime.now(UTC))
    if state != "open" or consent.request is None:
        return _closed(state)
    request = consent.request.asked
    return _pages.show(
        "confirm.html",
        purpose=request.purpose,
        until=day(request.expires_at),
        text=_text(streams, consent),
        language=request.language or "en",
    )


@router.head("/{token}", response_class=HTMLResponse, responses=_PAGE)
def look(token: str, streams: Streams) -> Response:
    """As for GET. Only machines ask like that."""
    return get_page(token, streams)


@router.post("/{token}", response_class=HTMLResponse, responses=_PAGE)
def post_page(token: str, log: PublicLog, streams: Streams, visitor: Visitor) -> Response:
    """Confirms, once."""
    asked = read_confirmation(streams.keys, token)
    consent = _consent(streams, asked)
    if asked is None or consent is None:
        return _pages.broken_link()
    now = datetime.now(UTC)
    hashed = hashlib.sha256(token.encode()).hexdigest()
    command = partial(confirm, version=asked.version, now=now, evidence=visitor, token_hash=hashed)
    try:
        log.with_(actor=f"contact:{consent.contact}").execute(consents, asked.consent, command)
    except Rejected:
        return _closed(state_of(_consent(streams, asked), asked.version, now))
    return _pages.show("confirmed.html", purpose=consent.purpose)


def _consent(streams: EventLog, asked: AskedFor | None) -> Consent | None:
    """The consent a link belongs to, if it names a request there."""
    if asked is None:
        return None
    try:
        consent = streams.get(consents, asked.consent).state
    except Unknown:
        return None
    return consent if state_of(consent, asked.version, datetime.now(UTC)) != "unknown" else None


def _closed(state: RequestState) -> HTMLResponse:
    if state == "used":
        return _pages.show("confirmed_before.html", HTTPStatus.CONFLICT)
    return _pages.show("link_over.html", HTTPStatus.GONE)


def _text(streams: EventLog, consent: Consent) -> str | None:
    """The text they are asked with, where it was published."""
    assert consent.request
    asked = consent.request.asked
    stream = wording_stream(asked.purpose, asked.wording_version, asked.language or "en")
    try:
        return streams.get(wordings, stream).state.text
    except Unknown:
        return None
