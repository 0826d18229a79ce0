"""Visitors: anonymous contacts known by a device, and how they turn out to be somebody known. No rule lives here."""

from functools import partial
from uuid import UUID

from crm.chassis.auth import EVERYWHERE, Territory
from crm.chassis.decider import Rejected
from crm.chassis.log import Commands, EventLog, Step, Written
from crm.chassis.people.identity import device_identifier
from crm.contacts.alias import identify, recognise
from crm.contacts.claiming import Claiming, no_change
from crm.contacts.contact import contacts
from crm.contacts.lookup import find
from crm.contacts.registration import register
from crm.contacts.sharing import has_device, link_device

NAME = "Anonymous visitor"


def meet(log: EventLog, do: Commands, visitor: UUID, device: str, within: Territory = EVERYWHERE) -> Written:
    """Makes a visitor an anonymous contact, or finds who uses this device already."""

    identifier = device_identifier(device)

    def plan() -> list[Step]:
        holder = log.holder(*identifier) if identifier else None
        if holder is not None:
            found = find(log, holder)
            within.check(found.contact.owner)
            return [Step(contacts, found.contact_id, no_change)]
        return [Step(contacts, visitor, partial(register, name=NAME, devices=[device], anonymous=True))]

    return do.execute_planned(plan)


def identify_device(claiming: Claiming, do: Commands, contact: UUID, device: str, expected: int | None) -> Written:
    """Records that this person uses a device. If a visitor was anonymous with it, their past becomes this person's."""
    identifier, log = device_identifier(device), claiming.log
    visitor = log.holder(*identifier) if identifier else None
    if visitor is None or visitor == contact or not find(log, visitor).contact.anonymous:
        command, holds = (partial(each, device=device) for each in (link_device, has_device))
        return claiming.add(do, contact, command, [identifier], expected, holds=holds)
    found = find(log, visitor)
    claiming.within.check(found.contact.owner)
    link = Step(contacts, contact, partial(link_device, device=device), expected)
    return do.execute_together(link, *_one_person(log, contact, found.contact_id))


def identify_visitor(log: EventLog, do: Commands, contact: UUID, visitor: UUID, expected: int | None) -> Written:
    """Makes a provisional id, or an anonymous visitor, an alias of somebody known; their devices come along."""
    if visitor == contact:
        raise Rejected("A contact is not identified as itself. Give the id of a visitor.", field="contact")
    known = find(log, contact)
    devices = log.get(contacts, visitor).state.devices if log.stream(visitor) else ()
    links = [Step(contacts, contact, partial(link_device, device=each)) for each in devices]
    checked = Step(contacts, contact, no_change, expected)
    if known.contact_id == contact and visitor in known.contact.aliases:
        return do.execute_together(checked)
    return do.execute_together(checked, *_one_person(log, contact, visitor), *links)


def _one_person(log: EventLog, contact: UUID, visitor: UUID) -> list[Step]:
    """Both sides of an alias; what was an alias of the visitor becomes one of the contact, so that it is erased too."""
    earlier = log.get(contacts, visitor).state.aliases if log.stream(visitor) else ()
    return [
        Step(contacts, visitor, partial(identify, holder=contact)),
        *(Step(contacts, contact, partial(recognise, alias=each)) for each in (visitor, *sorted(earlier))),
    ]
