"""Clicks: a link of a mail leads through here to where it points."""

from functools import partial

from fastapi.responses import HTMLResponse, RedirectResponse, Response

from crm.campaigns import links
from crm.campaigns.campaign import campaigns
from crm.campaigns.message import Message, click, messages
from crm.campaigns.people import known_contacts
from crm.campaigns.template import parse_text
from crm.chassis.decider import Unknown
from crm.chassis.http import PublicLog, ReadModel, Router, Streams, reads
from crm.chassis.http.pages import HEADERS, NOT_FOUND, Pages
from crm.chassis.log import EventLog

router = Router(prefix="/r", tags=["mails"])

_pages = Pages("crm.campaigns")
_FOUND = {"description": "To where the link points.", "headers": {"Location": {"schema": {"type": "string"}}}}


@router.get(
    "/{token}",
    dependencies=[reads(known_contacts)],
    status_code=302,
    response_class=HTMLResponse,
    responses={302: _FOUND, **NOT_FOUND},
)
def follow(token: str, log: PublicLog, streams: Streams, db: ReadModel) -> Response:
    """Leads on, and records the click; of somebody erased nothing is recorded any more."""
    found = _target(streams, token)
    if found is None:
        return _pages.broken_link()
    followed, message, url = found
    contact = known_contacts.get(db, message.contact)
    if contact is None or not contact.erased:
        known = log.with_(actor=f"contact:{message.contact}")
        known.execute(messages, followed.message, partial(click, link=followed.link, url=url))
    return _lead_on(url)


@router.head("/{token}", status_code=302, response_class=HTMLResponse, responses={302: _FOUND, **NOT_FOUND})
def look(token: str, streams: Streams) -> Response:
    """Tells where the link points. Only machines ask like that, so nothing is recorded."""
    found = _target(streams, token)
    return _pages.broken_link() if found is None else _lead_on(found[2])


def _target(streams: EventLog, token: str) -> tuple[links.Followed, Message, str] | None:
    """The message a link stands in, and where it points; None for a token that was not made here."""
    followed = links.read(streams.keys, "click", token)
    if followed is None:
        return None
    try:
        message = streams.get(messages, followed.message).state
        targets = parse_text(streams.get(campaigns, message.campaign).state.text).links
    except Unknown:
        return None
    if not message.may_have_arrived or not 0 < followed.link <= len(targets):
        return None
    return followed, message, targets[followed.link - 1]


def _lead_on(url: str) -> Response:
    return RedirectResponse(url, 302, headers=HEADERS)
