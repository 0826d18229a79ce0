"""What is known of a contact beside names and identifiers, who takes care of it, and whether it is in use."""

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from crm.chassis.http import IfMatch, Log, Router, Streams, Written
from crm.chassis.log import Step
from crm.contacts import details_record as record
from crm.contacts.api.bodies import CanEditContacts
from crm.contacts.api.details_bodies import AHandle, ALabel, ArchiveContact, LabelledAddress, ReviseProfile
from crm.contacts.api.particulars import ATag, External, SetAttributes
from crm.contacts.attributing import in_force, unchanged
from crm.contacts.contact import contacts
from crm.contacts.registration import has_external_id
from crm.contacts.routing import taken_away, write_where_held

router = Router(prefix="/contacts/{contact_id}", tags=["contacts"])


@router.patch("/profile")
def revise_profile(
    contact_id: UUID, body: ReviseProfile, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Says who takes care of a contact, when they were born, what they speak, and in which time zone they live."""
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    return log.execute(contacts, contact_id, partial(record.detail, changes=changes), expected)


@router.patch("/attributes")
def describe_contact(
    contact_id: UUID, body: SetAttributes, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Sets custom attributes, or takes their values away."""
    cleared = {name: None for name, value in body.attributes.items() if value is None}

    def plan() -> Sequence[Step]:
        rules = in_force(streams, "contact")
        command, clear = (partial(record.describe, attributes=each, rules=rules) for each in (body.attributes, cleared))
        below = taken_away(streams, contact_id, clear, partial(record.has_attribute, names=cleared))
        return [Step(contacts, contact_id, command, expected), unchanged("contact", rules), *below]

    return log.execute_planned(plan)


@router.post("/confirm")
def confirm_contact(contact_id: UUID, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Somebody who was only heard of is a contact by decision from now on."""
    return log.execute(contacts, contact_id, record.confirm, expected)


@router.post("/archive")
def archive_contact(
    contact_id: UUID, body: ArchiveContact, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Lists leave a contact out from now on; it stays readable, and can be merged and erased."""
    return log.execute(contacts, contact_id, partial(record.archive, reason=body.reason), expected)


@router.post("/restore")
def restore_contact(contact_id: UUID, log: Log, agent: CanEditContacts, expected: IfMatch) -> Written:
    """Takes a contact out of the archive."""
    return log.execute(contacts, contact_id, record.reactivate, expected)


@router.post("/tags")
def tag_contact(
    contact_id: UUID, body: ATag, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Puts a tag on a contact."""
    command, holds = (partial(each, tag=body.tag) for each in (record.tag, record.has_tag))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds, adds=True)


@router.post("/tags/remove")
def untag_contact(
    contact_id: UUID, body: ATag, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Takes a tag off a contact."""
    command, holds = (partial(each, tag=body.tag) for each in (record.untag, record.has_tag))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.put("/addresses")
def keep_address(
    contact_id: UUID, body: LabelledAddress, log: Log, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records a further postal address, or another one under the same label."""
    command = partial(record.keep_address, label=body.label, address=body.address.as_fact())
    return log.execute(contacts, contact_id, command, expected)


@router.post("/addresses/remove")
def drop_address(
    contact_id: UUID, body: ALabel, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Removes a further postal address."""
    command, holds = (partial(each, label=body.label) for each in (record.drop_address, record.has_address))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.post("/handles")
def link_handle(
    contact_id: UUID, body: AHandle, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records what somebody is called in a social network. A handle that somebody else has is refused, naming them."""
    command, holds = (partial(each, handle=body.as_state()) for each in (record.link_handle, record.has_handle))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds, adds=True)


@router.post("/handles/remove")
def unlink_handle(
    contact_id: UUID, body: AHandle, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Removes a handle; it is free for others again."""
    command, holds = (partial(each, handle=body.as_state()) for each in (record.unlink_handle, record.has_handle))
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)


@router.post("/external-ids/remove")
def unlink_external_id(
    contact_id: UUID, body: External, log: Log, streams: Streams, agent: CanEditContacts, expected: IfMatch
) -> Written:
    """Records that another system does not know a contact by this id any more."""
    command, holds = (
        partial(each, external_id=body.as_fact()) for each in (record.unlink_external_id, has_external_id)
    )
    return write_where_held(log, streams, contact_id, command, expected, holds=holds)
