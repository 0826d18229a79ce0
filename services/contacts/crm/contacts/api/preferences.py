"""The public page of preferences: what a person allows, by a signed link, without a login and without a script."""

from functools import partial
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import Form, Header
from fastapi.responses import HTMLResponse, Response
from msgspec.structs import replace
from pydantic import BaseModel

from crm.chassis.decider import Erased, Rejected, Unknown
from crm.chassis.http import PublicLog, ReadModel, Router, Streams, reads
from crm.chassis.http.pages import NOT_FOUND, OK, PAGE_OR_PROBLEM, Pages
from crm.chassis.log import EventLog, Step
from crm.chassis.people.links import preference_token, read_preference
from crm.contacts.api.bodies import ERASED, Deployment
from crm.contacts.api.consent_bodies import CanRecordConsent
from crm.contacts.api.visitors import Visitor
from crm.contacts.consent import consents, grant, withdraw
from crm.contacts.consent_addresses import stream_of
from crm.contacts.lookup import Found, find
from crm.contacts.preferences import Change, Choice, changes, choices_named
from crm.contacts.standing_preferences import Preferences, preferences_of
from crm.contacts.views import permissions
from crm.contacts.wording_list import wording_list
from crm.events.particulars import ConsentEvidence

router = Router(tags=["public pages"])

SOURCE = "preference-page"
_pages = Pages("crm.contacts")
_PAGE: dict[int | str, dict[str, Any]] = (
    OK | NOT_FOUND | {410: {"description": "A page that says that there is nothing any more.", **PAGE_OR_PROBLEM}}
)
_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_UNREACHABLE: dict[int | str, dict[str, Any]] = {
    409: {"description": "It is not known where this service is reached from outside", "content": _PROBLEM}
}
_READS = [reads(permissions, wording_list)]
_Values = Annotated[list[Annotated[str, Form(max_length=200)]], Form(max_length=500)]
_Languages = Annotated[str, Header(alias="Accept-Language", max_length=500)]


class LinkAnswer(BaseModel):
    """Where the person finds their preferences; whoever has the link can change them."""

    url: str


@router.post("/contacts/{contact_id}/preference-link", responses=ERASED | _UNREACHABLE)
def post_link(contact_id: UUID, streams: Streams, agent: CanRecordConsent, deployment: Deployment) -> LinkAnswer:
    """The link to a contact's page of preferences, to be given to nobody else."""
    found = find(streams, contact_id)
    if not deployment.public_url:
        raise Rejected("Tell this service where it is reached from outside (RAPPORT_PUBLIC_URL).")
    token = preference_token(streams.keys, found.contact_id)
    return LinkAnswer(url=f"{deployment.public_url.rstrip('/')}/preferences/{token}")


@router.get("/preferences/{token}", dependencies=_READS, response_class=HTMLResponse, responses=_PAGE)
def get_page(token: str, db: ReadModel, streams: Streams, languages: _Languages = "en") -> Response:
    """Shows what they allow, and asks. Looking changes nothing."""
    found = _person(streams, token)
    if isinstance(found, Response):
        return found
    return _show(preferences_of(streams, db, *found, languages[:2].lower()))


@router.head("/preferences/{token}", dependencies=_READS, response_class=HTMLResponse, responses=_PAGE)
def look(token: str, db: ReadModel, streams: Streams) -> Response:
    """As for GET."""
    return get_page(token, db, streams)


@router.post("/preferences/{token}", dependencies=_READS, response_class=HTMLResponse, responses=_PAGE)
def post_page(
    token: str,
    db: ReadModel,
    log: PublicLog,
    streams: Streams,
    visitor: Visitor,
    allow: _Values = [],  # noqa: B006 (FastAPI copies it)
    shown: _Values = [],  # noqa: B006
    read: _Values = [],  # noqa: B006
    everything: Annotated[str | None, Form(max_length=20)] = None,
    languages: _Languages = "en",
) -> Response:
    """Records what they ticked and unticked, or takes everything back; once more changes nothing."""
    found = _person(streams, token)
    if isinstance(found, Response):
        return found
    before = preferences_of(streams, db, *found, languages[:2].lower(), read)
    if everything is not None:
        wanted: dict[Choice, Change] = dict.fromkeys(before.open, "withdraw")
    else:
        wanted = changes(choices_named(shown), choices_named(allow), before.allowed, before.offers)
    named, _ = found
    steps = [_step(streams, named, before, choice, wanted[choice], visitor) for choice in wanted]
    if steps:
        log.with_(actor=f"contact:{named}").execute_together(*steps)
    after = preferences_of(streams, db, *found, languages[:2].lower(), read)
    return _show(after, said="everything" if everything is not None else "some" if steps else "nothing")


def _step(
    streams: EventLog, contact: UUID, before: Preferences, choice: Choice, change: Change, visitor: ConsentEvidence
) -> Step:
    what: dict[str, Any] = {
        "contact": contact,
        "channel": choice.channel,
        "purpose": choice.purpose,
        "source": SOURCE,
        "evidence": replace(visitor, form_url="/preferences"),
        "anew": True,
    }
    stream = stream_of(streams.keys, contact, choice.channel, choice.purpose, None)
    if change == "withdraw":
        return Step(consents, stream, partial(withdraw, **what))
    offer = next(each for each in before.offers if each.purpose == choice.purpose)
    return Step(consents, stream, partial(grant, **what, wording_version=offer.version, language=offer.language))


def _person(streams: EventLog, token: str) -> tuple[UUID, Found] | Response:
    """Whom a link names and who that is now, or the page that says why there is nothing.

    What they choose is recorded under the id the link names, so that an unmerge leaves it with whom it was meant for.
    """
    contact = read_preference(streams.keys, token)
    if contact is None:
        return _pages.broken_link()
    try:
        return contact, find(streams, contact)
    except Erased:
        return _pages.show("preferences_gone.html", HTTPStatus.GONE)
    except Unknown:
        return _pages.broken_link()


def _show(found: Preferences, said: str | None = None) -> HTMLResponse:
    return _pages.show("preferences.html", found=found, said=said)
