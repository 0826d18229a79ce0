"""Unsubscribing by the link in a mail (M4): a page asks, a POST acts, the form's or a mail program's (RFC 8058)."""

from functools import partial
from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import Form
from fastapi.responses import HTMLResponse, Response

from crm.campaigns import links
from crm.campaigns.campaign import campaigns
from crm.campaigns.message import Message, UnsubscribeMethod, messages, unsubscribe
from crm.campaigns.people import COPIES, look_up
from crm.campaigns.suppression import suppress_address, suppressed_at, suppression_streams, suppressions
from crm.chassis.decider import Unknown
from crm.chassis.http import PublicLog, ReadModel, Router, Streams, reads
from crm.chassis.http.pages import NOT_FOUND, OK, Pages
from crm.chassis.log import EventLog, Step

router = Router(prefix="/unsubscribe", tags=["mails"])

ONE_CLICK = "One-Click"
_PAGE = OK | NOT_FOUND
_pages = Pages("crm.campaigns")


class Holder(NamedTuple):
    """Whose mail it is, and what for."""

    message_id: UUID
    message: Message
    purpose: str


@router.get("/{token}", response_class=HTMLResponse, responses=_PAGE)
def get_page(token: str, streams: Streams) -> Response:
    """Asks whether they mean it. Looking at the page does nothing: link scanners look at everything."""
    holder = _holder(streams, token)
    return _pages.show("unsubscribe.html", purpose=holder.purpose) if holder else _pages.broken_link()


@router.post("/{token}", dependencies=[reads(*COPIES)], response_class=HTMLResponse, responses=_PAGE)
def post_page(
    token: str,
    log: PublicLog,
    streams: Streams,
    db: ReadModel,
    how: Annotated[str | None, Form(alias="List-Unsubscribe", max_length=100)] = None,
) -> Response:
    """Unsubscribes, at once, also for messages that wait; once more does nothing more."""
    holder = _holder(streams, token)
    if holder is None:
        return _pages.broken_link()
    message = holder.message
    standing = look_up(db, streams, message.contact, message.address, holder.purpose).standing
    if message.address is not None and not standing.erased:
        suppressed = suppressed_at(streams, message.address, holder.purpose)
        anew = suppressed is None or (standing.consented_at is not None and standing.consented_at > suppressed)
        method: UnsubscribeMethod = "one-click" if how == ONE_CLICK else "page"
        command = partial(unsubscribe, purpose=holder.purpose, method=method, anew=anew)
        silence = partial(suppress_address, contact=message.contact, purpose=holder.purpose, anew=anew)
        log.with_(actor=f"contact:{message.contact}").execute_together(
            Step(messages, holder.message_id, command),
            Step(suppressions, suppression_streams(streams.keys, message.address)[0], silence),
        )
    return _pages.show("unsubscribed.html", purpose=holder.purpose)


def _holder(streams: EventLog, token: str) -> Holder | None:
    followed = links.read(streams.keys, "unsubscribe", token)
    if followed is None:
        return None
    try:
        message = streams.get(messages, followed.message).state
        campaign = streams.get(campaigns, message.campaign).state
    except Unknown:
        return None
    return Holder(followed.message, message, campaign.purpose) if message.may_have_arrived else None
