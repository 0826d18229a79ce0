"""Somebody unknown, heard of by another service, becomes a contact or is recognised."""

from functools import partial
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from crm.chassis.log import Commands, EventLog
from crm.chassis.people.identity import Identifier
from crm.chassis.people.known import provisional_contact_id
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.views import recorded
from crm.contacts.contact import Contact, contacts, identifiers
from crm.contacts.erasure import erase
from crm.contacts.lookup import find, find_holder
from crm.contacts.registering import registering
from crm.contacts.registration import register
from crm.contacts.sharing import declare
from crm.events import Recorded
from crm.events.contacts import ContactIdentified, ContactRecognised, ContactRegistered
from crm.events.particulars import Phone
from crm.events.sales import LeadCaptured
from crm.events.service_desk import TicketOpened

EMAIL = Identifier("email", "ada@example.com")


@pytest.fixture
def minted(log: EventLog) -> UUID:
    return provisional_contact_id(log.keys, EMAIL)


def lead(
    contact: UUID, *, email: str | None = "Ada@Example.com", phone: str | None = None, **more: Any
) -> Recorded[Any]:
    fact = LeadCaptured(contact=contact, provisional=True, source="web", name="Ada", email=email, phone=phone, **more)
    return recorded(uuid4(), fact, contact_ids=(contact,))


def test_a_lead_from_somebody_unknown_registers_a_provisional_contact(
    log: EventLog, runtime: Runtime, minted: UUID
) -> None:
    registering.answer(lead(minted, phone="030 901820"), runtime)
    assert [e.fact for e in log.stream(minted)] == [
        ContactRegistered(
            name="Ada", emails=["Ada@Example.com"], phones=[Phone("030 901820", "+4930901820")], provisional=True
        )
    ]
    assert find_holder(log, EMAIL) == minted


def test_a_ticket_of_somebody_unknown_registers_them_under_their_address(
    log: EventLog, runtime: Runtime, minted: UUID
) -> None:
    fact = TicketOpened(
        contact=minted,
        provisional=True,
        number=1,
        queue="q",
        priority="p",
        kind="k",
        subject="s",
        email="ada@example.com",
    )
    registering.answer(recorded(uuid4(), fact), runtime)
    assert find(log, minted).contact == Contact("ada@example.com", ("ada@example.com",), provisional=True)


def test_who_gave_nothing_to_match_becomes_a_contact_too(log: EventLog, runtime: Runtime) -> None:
    contact = uuid4()
    registering.answer(lead(contact, email="noreply@example.com", phone="reception"), runtime)
    state = find(log, contact).contact
    assert (state.emails, state.phones) == (("noreply@example.com",), (Phone("reception"),))


def test_a_second_lead_from_them_changes_nothing(log: EventLog, runtime: Runtime, minted: UUID) -> None:
    for _ in range(2):
        registering.answer(lead(minted), runtime)
    assert len(log.stream(minted)) == 1


def test_whose_address_is_known_is_recognised(log: EventLog, do: Commands, runtime: Runtime, minted: UUID) -> None:
    holder = uuid4()
    do(contacts, holder, partial(register, name="Ada Lovelace", emails=["ada@example.com"]))
    e = lead(minted)
    for _ in range(2):  # a policy may see a fact twice
        registering.answer(e, runtime)
    assert [e.fact for e in log.stream(minted)] == [ContactIdentified(holder=holder)]
    assert log.stream(holder)[-1].fact == ContactRecognised(alias=minted)
    assert len(log.stream(holder)) == 2
    assert log.stream(minted)[0].contact_ids == (minted, holder)
    assert find(log, minted).contact_id == holder


def test_a_number_that_somebody_else_has_does_not_make_two_people_one(
    log: EventLog, do: Commands, runtime: Runtime, minted: UUID
) -> None:
    do(contacts, uuid4(), partial(register, name="Bob", phones=[Phone("+4930901820", "+4930901820")]))
    registering.answer(lead(minted, phone="030 901820"), runtime)
    contact = find(log, minted).contact
    assert (contact.emails, contact.phones) == (("Ada@Example.com",), (Phone("030 901820", "+4930901820"),))
    assert identifiers(contact) == {EMAIL}


def test_who_gave_a_number_only_is_recognised_by_it(log: EventLog, do: Commands, runtime: Runtime) -> None:
    holder, minted = uuid4(), provisional_contact_id(log.keys, Identifier("phone", "+4930901820"))
    do(contacts, holder, partial(register, name="Bob", phones=[Phone("+4930901820", "+4930901820")]))
    registering.answer(lead(minted, email=None, phone="030 901820"), runtime)
    assert find(log, minted).contact_id == holder


def test_a_lead_of_somebody_known_is_left_alone(log: EventLog, runtime: Runtime) -> None:
    contact = uuid4()
    fact = LeadCaptured(contact=contact, provisional=False, source="web", name="Ada", email="ada@example.com")
    registering.answer(recorded(uuid4(), fact), runtime)
    assert log.stream(contact) == []


def test_who_was_erased_is_not_recognised_but_registered_anew(
    log: EventLog, do: Commands, runtime: Runtime, minted: UUID
) -> None:
    do(contacts, minted, partial(register, name="Ada", emails=["ada@example.com"], provisional=True))
    do(contacts, minted, erase)
    log.keys.destroy(minted)
    again = provisional_contact_id(log.keys, EMAIL)
    assert again != minted
    registering.answer(lead(again), runtime)
    state: Contact = find(log, again).contact
    assert state.emails == ("Ada@Example.com",)


def test_c3_nobody_is_recognised_by_what_people_share(
    log: EventLog, do: Commands, runtime: Runtime, minted: UUID
) -> None:
    holder = uuid4()
    do(contacts, holder, partial(register, name="Office", emails=["ada@example.com"]))
    do(contacts, holder, partial(declare, email="ada@example.com", shared=True))
    e = lead(minted)
    for _ in range(2):
        registering.answer(e, runtime)
    found = find(log, minted)
    assert (found.contact_id, found.contact.emails) == (minted, ("Ada@Example.com",))
    assert identifiers(found.contact) == set()
    assert find_holder(log, EMAIL) == holder  # it still leads there


def test_c3_a_number_that_is_one_persons_alone_is_left_out(
    log: EventLog, do: Commands, runtime: Runtime, settings: Settings, minted: UUID
) -> None:
    strict = settings.model_copy(update={"identity_policy": {"phone": "block"}})
    strict.__dict__.pop("uniqueness", None)
    do(contacts, uuid4(), partial(register, name="Bob", phones=[Phone("+4930901820", "+4930901820")]))
    registering.answer(lead(minted, phone="030 901820"), cast(Runtime, SimpleNamespace(log=log, settings=strict)))
    assert find(log, minted).contact.phones == ()
