"""Contacts: register, look up, change."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, Field

from crm.chassis.decider import Command
from crm.chassis.http import (
    IfMatch,
    Log,
    Noted,
    NotedAnswer,
    Router,
    Streams,
    Versioned,
    Written,
)
from crm.chassis.log import Step
from crm.chassis.people.fields import Email
from crm.chassis.people.identity import Identifier, read_phone
from crm.contacts.api.asked import AsKnownAt, AsOf
from crm.contacts.api.bodies import (
    ERASED,
    CanEditContacts,
    CanReadContacts,
    ContactAnswer,
    Deployment,
    NameText,
    PhoneText,
)
from crm.contacts.api.claims import Claims, noted
from crm.contacts.api.particulars import Address, External, Values
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.contact import contacts
from crm.contacts.details_record import register_completely
from crm.contacts.identifiers import Person
from crm.contacts.lookup import find
from crm.contacts.registration import has_external_id, link_external_id, revise
from crm.contacts.returning import come_back, register_again
from crm.contacts.routing import write_where_held

router = Router(prefix="/contacts", tags=["contacts"])


class RegisterContact(BaseModel, extra="forbid"):
    name: NameText
    emails: list[Email] = Field([], max_length=50)
    phones: list[PhoneText] = Field([], max_length=50)
    address: Address | None = None
    external_ids: list[External] = Field([], max_length=50)
    attributes: Values = {}
    returning: bool = Field(False, description="Was erased, and came back of their own will, as `evidence` shows.")
    evidence: str | None = Field(None, min_length=1, max_length=2_000)
    on_taken: Literal["refuse", "use"] = "refuse"
    """What if somebody is known by one of these: refuse, naming them, or use them and add what else is told (C4)."""


class Return(BaseModel, extra="forbid"):
    """How it can be shown that somebody who was erased came back of their own will."""

    evidence: str = Field(min_length=1, max_length=2_000)


class ReviseContact(BaseModel, extra="forbid"):
    """What is left out stays; an address of null is taken away."""

    name: NameText | None = None
    address: Address | None = None


_KNOWN: dict[int | str, dict[str, Any]] = {
    200: {"model": NotedAnswer, "description": "Somebody known already, who got what else was told of them"}
}


@router.post("", status_code=201, responses=_KNOWN)
def post_contact(
    body: RegisterContact,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    deployment: Deployment,
    claims: Claims,
) -> Noted:
    """Makes somebody a contact. An identifier that somebody else holds is refused, naming the holder (C4).

    So is one of somebody who was erased on request, unless they are `returning` (C13).
    """
    person = Person(
        name=body.name,
        emails=body.emails,
        phones=[read_phone(each, deployment.region) for each in body.phones],
        address=body.address.as_fact() if body.address else None,
        external_ids=[each.as_fact() for each in body.external_ids],
    )
    new = uuid4()

    def making(shared: frozenset[Identifier]) -> Sequence[Step]:
        rules = in_force(streams, "contact")
        command: Command = partial(
            register_completely, attributes=body.attributes, rules=rules, shared=shared, **person.particulars
        )
        if body.returning:
            command = partial(register_again, registering=command, evidence=body.evidence or "")
        return [Step(contacts, new, command), unchanged("contact", rules)]

    written = claims.register(log, person, making, use=body.on_taken == "use")
    return noted(claims, written, person.identifiers, "/contacts/{id}")


@router.get("/{contact_id:uuid}", responses=ERASED)
def get_contact(
    contact_id: UUID,
    streams: Streams,
    agent: CanReadContacts,
    as_of: AsOf = None,
    as_known_at: AsKnownAt = None,
) -> Versioned[ContactAnswer]:
    """A contact, under any of its ids, now or at a past moment. Never stale."""
    found = find(streams, contact_id, as_of=as_of, as_known_at=as_known_at)
    return Versioned(ContactAnswer.of(found), found.version, found.token, composed=bool(found.family.absorbed))


@router.patch("/{contact_id:uuid}")
def patch_contact(
    contact_id: UUID, body: ReviseContact, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Renames a contact, or records a move, or both."""
    changes = body.model_fields_set
    address = body.address.as_fact() if body.address else None
    command = partial(revise, name=body.name, address=address, moved="address" in changes)
    return log.execute(contacts, contact_id, command, expected)


@router.post("/{contact_id}/external-ids")
def post_external_id(
    contact_id: UUID, body: External, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records what another system calls this person."""
    command, holds = (partial(each, external_id=body.as_fact()) for each in (link_external_id, has_external_id))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds, adds=True)


@router.post("/{contact_id}/return")
def post_return(contact_id: UUID, body: Return, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Records that a contact is somebody who was erased and came back: their old identifiers may be added again."""
    return log.execute(contacts, contact_id, partial(come_back, evidence=body.evidence), expected)
