"""Identities: whom an identifier names. Answered from the claims in the log, so never stale (C1 to C4)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from crm.chassis.auth import Agent, Forbidden
from crm.chassis.auth.visibility import READ_ADDRESSES
from crm.chassis.http import Page, PageQuery, ReadModel, Router, Streams, Versioned, invalid, reads
from crm.chassis.people.identity import (
    Identifier,
    device_identifier,
    email_identifier,
    external_identifier,
    phone_identifier,
    read_phone,
)
from crm.contacts.api.bodies import ERASED, CanReadContacts, Deployment
from crm.contacts.api.within import Mine
from crm.contacts.borrowers import borrowers, who_have
from crm.contacts.lookup import find, find_holder
from crm.contacts.views import aliases
from crm.events.particulars import ExternalId

router = Router(prefix="/identities", tags=["identities"])


class Identity(BaseModel):
    """The contact that an identifier leads to. `provisional`: known only by what other services heard. `anonymous`:
    known by a device alone. `shared`: others have the identifier too, so it does not tell who somebody is (C3).
    """

    contact_id: UUID
    provisional: bool
    anonymous: bool
    shared: bool


class Other(BaseModel):
    """A contact that has an identifier too."""

    contact_id: UUID


@router.get("", responses=ERASED)
def get_identity(
    streams: Streams,
    agent: CanReadContacts,
    deployment: Deployment,
    mine: Mine,
    email: Annotated[str | None, Query(min_length=1, max_length=254)] = None,
    phone: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    external_id: Annotated[
        str | None, Query(pattern=r"^[^:]+:.+$", max_length=300, description="`<system>:<id>`")
    ] = None,
    device: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Versioned[Identity]:
    """Whom exactly one of these leads to. All but `external_id` need `contacts:read-addresses` too."""
    _may_ask(agent, email, phone, device)
    identifier = _asked_for(deployment.region, email=email, phone=phone, external_id=external_id, device=device)
    found = find(streams, find_holder(streams, identifier))
    mine.check(found.contact.owner)
    answer = Identity(
        contact_id=found.contact_id,
        provisional=found.contact.provisional,
        anonymous=found.contact.anonymous,
        shared=identifier in found.contact.shared,
    )
    return Versioned(answer, found.version, found.token)


@router.get("/others", dependencies=[reads(borrowers, aliases)])
def get_others(
    page: PageQuery,
    db: ReadModel,
    agent: CanReadContacts,
    deployment: Deployment,
    mine: Mine,
    email: Annotated[str | None, Query(min_length=1, max_length=254)] = None,
    phone: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    device: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
) -> Page[Other]:
    """Who has it beside its holder: those who share exactly one of these. Needs `contacts:read-addresses` too."""
    _may_ask(agent, email, phone, device)
    identifier = _asked_for(deployment.region, email=email, phone=phone, device=device)
    found = who_have(db, identifier, page, within=mine)
    return Page(tuple(Other(contact_id=aliases.resolve(db, each)) for each in found.items), found.next)


def _may_ask(agent: Agent, *addresses: str | None) -> None:
    """Whoever may not read addresses does not learn either whether one is somebody's."""
    if any(each is not None for each in addresses) and not agent.may(READ_ADDRESSES):
        raise Forbidden(READ_ADDRESSES)


def _asked_for(region: str, **given: str | None) -> Identifier | None:
    """The identifier that is asked for. Raises the problem that there is not exactly one."""
    if sum(each is not None for each in given.values()) != 1:
        raise invalid("email", "query", f"Give exactly one of {', '.join(given)}.")
    return identifier_of(
        given.get("email"), given.get("phone"), given.get("external_id"), region, device=given.get("device")
    )


def identifier_of(
    email: str | None, phone: str | None, external_id: str | None, region: str, *, device: str | None = None
) -> Identifier | None:
    """The one identifier that is given, read in a region; None if it names nobody in particular."""
    if email is not None:
        return email_identifier(email)
    if phone is not None:
        return phone_identifier(read_phone(phone, region))
    if device is not None:
        return device_identifier(device)
    system, _, name = (external_id or "").partition(":")
    return external_identifier(ExternalId(system, name))
