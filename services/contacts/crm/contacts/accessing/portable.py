"""What somebody gave themselves, as they may carry it elsewhere: neither what others wrote nor what was derived."""

from crm.contacts.item import Item
from crm.events import Fact, type_of
from crm.events.campaigns import LinkClicked, Unsubscribed
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.contacts import (
    ContactEmailAdded,
    ContactMoved,
    ContactPhoneAdded,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.interactions import InteractionLogged
from crm.events.requests import SubjectRequestReceived
from crm.events.sales import LeadCaptured
from crm.events.service_desk import TicketOpened, TicketReplied

_WHOLE: tuple[type[Fact], ...] = (
    *(ContactRegistered, ContactRenamed, ContactMoved, ContactEmailAdded, ContactPhoneAdded),
    *(ConsentGranted, ConsentWithdrawn, SubjectRequestReceived),
    *(LeadCaptured, TicketOpened, LinkClicked, Unsubscribed),
)
GIVEN = frozenset(map(type_of, _WHOLE))
IN_PART = {type_of(InteractionLogged): ("direction", "inbound"), type_of(TicketReplied): ("by", "customer")}
"""Facts of which only some were given: by which member that is told, and what it is then."""


def is_given(item: Item) -> bool:
    """Whether a line of the history tells what the person said or did themselves."""
    if item.type in IN_PART:
        member, given = IN_PART[item.type]
        return bool(item.data.get(member) == given)
    return item.type in GIVEN or item.actor.startswith("contact:")
