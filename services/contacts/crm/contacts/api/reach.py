"""E-mail addresses and telephone numbers of a contact. They stand in bodies, never in paths, which are logged."""

from functools import partial
from uuid import UUID

from pydantic import BaseModel

from crm.chassis.http import IfMatch, Log, Noted, Router, Streams, Written
from crm.chassis.people.fields import Email
from crm.chassis.people.identity import email_identifier, phone_identifier, read_phone
from crm.contacts import reach
from crm.contacts.api.bodies import CanEditContacts, Deployment, PhoneText
from crm.contacts.api.claims import Claims, noted
from crm.contacts.routing import write_where_held

router = Router(prefix="/contacts/{contact_id}", tags=["contacts"])


class AnEmail(BaseModel, extra="forbid"):
    email: Email


class APhone(BaseModel, extra="forbid"):
    phone: PhoneText


@router.post("/emails")
def add_email(
    contact_id: UUID, body: AnEmail, log: Log, agent: CanEditContacts, expected: IfMatch, claims: Claims
) -> Noted:
    """Adds an e-mail address. What becomes of one that somebody else has, the deployment says (C3)."""
    wanted = [email_identifier(body.email)]
    command, holds = (partial(each, email=body.email) for each in (reach.add_email, reach.find_email))
    written = claims.add(log, contact_id, command, wanted, expected, holds=holds)
    return noted(claims, written, wanted)


@router.post("/emails/verify")
def verify_email(
    contact_id: UUID, body: AnEmail, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records that an address is known to be this person's."""
    command = partial(reach.verify_email, email=body.email)
    holds = partial(reach.find_email, email=body.email)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.post("/emails/remove")
def remove_email(
    contact_id: UUID, body: AnEmail, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Removes an e-mail address; it is free for others again."""
    command = partial(reach.remove_email, email=body.email)
    holds = partial(reach.find_email, email=body.email)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.put("/emails/primary")
def make_email_primary(
    contact_id: UUID, body: AnEmail, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Makes an address the one that is written to."""
    command = partial(reach.make_email_primary, email=body.email)
    holds = partial(reach.find_email, email=body.email)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds, primary="primary_email")


@router.post("/phones")
def add_phone(
    contact_id: UUID,
    body: APhone,
    log: Log,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
    claims: Claims,
) -> Noted:
    """Adds a telephone number. What becomes of one that somebody else has, the deployment says (C3)."""
    phone = read_phone(body.phone, deployment.region)
    wanted = [phone_identifier(phone)]
    command, holds = (partial(each, phone=phone) for each in (reach.add_phone, reach.find_phone))
    written = claims.add(log, contact_id, command, wanted, expected, holds=holds)
    return noted(claims, written, wanted)


@router.post("/phones/verify")
def verify_phone(
    contact_id: UUID,
    body: APhone,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Records that a number is known to be this person's."""
    phone = read_phone(body.phone, deployment.region)
    command = partial(reach.verify_phone, phone=phone)
    holds = partial(reach.find_phone, phone=phone)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.post("/phones/remove")
def remove_phone(
    contact_id: UUID,
    body: APhone,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Removes a telephone number; it is free for others again."""
    phone = read_phone(body.phone, deployment.region)
    command = partial(reach.remove_phone, phone=phone)
    holds = partial(reach.find_phone, phone=phone)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.put("/phones/primary")
def make_phone_primary(
    contact_id: UUID,
    body: APhone,
    log: Log,
    streams: Streams,
    agent: CanEditContacts,
    expected: IfMatch,
    deployment: Deployment,
) -> Written:
    """Makes a number the one that is called."""
    phone = read_phone(body.phone, deployment.region)
    command = partial(reach.make_phone_primary, phone=phone)
    holds = partial(reach.find_phone, phone=phone)
    return write_where_held(log, streams, contact_id, command, expected, holds=holds, primary="primary_phone")
