"""Identities: whom an identifier names. Answered from the claims in the log, so never stale (C1 to C4)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel

from crm.chassis.http import Router, Streams, Versioned, invalid
from crm.chassis.people.identity import (
    Identifier,
    email_identifier,
    external_identifier,
    phone_identifier,
    read_phone,
)
from crm.contacts.api.bodies import ERASED, CanReadContacts, Deployment
from crm.contacts.lookup import find, find_holder
from crm.events.particulars import ExternalId

router = Router(prefix="/identities", tags=["identities"])


class Identity(BaseModel):
    """The contact that an identifier names. `provisional`: known only by what other services heard."""

    contact_id: UUID
    provisional: bool


@router.get("", responses=ERASED)
def get_identity(
    streams: Streams,
    agent: CanReadContacts,
    deployment: Deployment,
    email: Annotated[str | None, Query(min_length=1, max_length=254)] = None,
    phone: Annotated[str | None, Query(min_length=1, max_length=60)] = None,
    external_id: Annotated[
        str | None, Query(pattern=r"^[^:]+:.+$", max_length=300, description="`<system>:<id>`")
    ] = None,
) -> Versioned[Identity]:
    """Whom exactly one of these names."""
    given = [each for each in (email, phone, external_id) if each is not None]
    if len(given) != 1:
        raise invalid("email", "query", "Give exactly one of email, phone and external_id.")
    found = find(streams, find_holder(streams, identifier_of(email, phone, external_id, deployment.region)))
    answer = Identity(contact_id=found.contact_id, provisional=found.contact.provisional)
    return Versioned(answer, found.version, found.token)


def identifier_of(email: str | None, phone: str | None, external_id: str | None, region: str) -> Identifier | None:
    """The one identifier that is given, read in a region; None if it names nobody in particular."""
    if email is not None:
        return email_identifier(email)
    if phone is not None:
        return phone_identifier(read_phone(phone, region))
    system, _, name = (external_id or "").partition(":")
    return external_identifier(ExternalId(system, name))
