"""Visitors: anonymous contacts, known by a device until they say who they are; and identifiers that people share."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

from pydantic import BaseModel, model_validator

from crm.chassis.decider import Command
from crm.chassis.http import IfMatch, Log, Noted, NotedAnswer, Router, Streams, Written
from crm.chassis.people.fields import Email
from crm.chassis.people.identity import device_identifier, read_phone
from crm.contacts import visiting
from crm.contacts.api.bodies import CanEditContacts, Deployment, Device, PhoneText
from crm.contacts.api.claims import Claims, noted
from crm.contacts.api.within import Mine
from crm.contacts.routing import Holds, write_where_held
from crm.contacts.sharing import declare, has

visitors = Router(prefix="/visitors", tags=["identities"])
router = Router(prefix="/contacts/{contact_id}", tags=["identities"])


class MeetVisitor(BaseModel, extra="forbid"):
    """The id that a shop or an app gave a device or a browser."""

    device: Device


class IdentifyContact(BaseModel, extra="forbid"):
    """Who it is that turned out to be this contact: whoever uses a device, or an anonymous or provisional id."""

    device: Device | None = None
    contact: UUID | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "IdentifyContact":
        if (self.device is None) == (self.contact is None):
            raise ValueError("Give exactly one of device and contact.")
        return self


class NameIdentifier(BaseModel, extra="forbid"):
    """One identifier that this contact has."""

    email: Email | None = None
    phone: PhoneText | None = None
    device: Device | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "NameIdentifier":
        if sum(each is not None for each in (self.email, self.phone, self.device)) != 1:
            raise ValueError("Give exactly one of email, phone and device.")
        return self


_KNOWN: dict[int | str, dict[str, Any]] = {200: {"model": NotedAnswer, "description": "Who uses this device already"}}


@visitors.post("", status_code=201, responses=_KNOWN)
def post_visitor(body: MeetVisitor, log: Log, streams: Streams, agent: CanEditContacts, mine: Mine) -> Noted:
    """Makes a visitor an anonymous contact; for a device that is known, tells whose it is."""
    return Noted(visiting.meet(streams, log, uuid4(), body.device, mine), path="/contacts/{id}")


@router.post("/identify")
def post_identity(
    contact_id: UUID,
    body: IdentifyContact,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    claims: Claims,
) -> Noted:
    """Records who a visitor turned out to be: what they did before is in this contact's history from then on."""
    if body.contact is not None:
        return Noted(visiting.identify_visitor(streams, log, contact_id, body.contact, expected))
    device = body.device or ""
    written = visiting.identify_device(claims, log, contact_id, device, expected)
    return noted(claims, written, [device_identifier(device)])


@router.post("/identifiers/share")
def post_sharing(
    contact_id: UUID,
    body: NameIdentifier,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Declares that others have it too, such as info@: it still leads here, but nobody is taken for another by it."""
    command, holds = _declaring(body, deployment, shared=True)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.post("/identifiers/unshare")
def delete_sharing(
    contact_id: UUID,
    body: NameIdentifier,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Declares that it is this contact's alone; refused while somebody else holds it."""
    command, holds = _declaring(body, deployment, shared=False)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


def _declaring(body: NameIdentifier, deployment: Deployment, *, shared: bool) -> tuple[Command, Holds]:
    phone = read_phone(body.phone, deployment.region) if body.phone else None
    command = partial(declare, email=body.email, phone=phone, device=body.device, shared=shared)
    return command, partial(has, email=body.email, phone=phone, device=body.device)
