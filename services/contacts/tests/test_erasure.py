"""Being forgotten (C13)."""

from functools import partial
from uuid import UUID, uuid4

import pytest

from crm.chassis.decider import Erased, Tombstoned, Unknown
from crm.chassis.keys import Destroyed, MemoryKeys
from crm.chassis.log import Commands, EventLog, Step
from crm.chassis.runtime import Runtime
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import Contact, contacts
from crm.contacts.erasing import erasing
from crm.contacts.erasure import confirm_destruction, erase, erase_alias, erasure_stream, erasures
from crm.contacts.lookup import find
from crm.contacts.reach import add_email
from crm.contacts.registering import meet
from crm.contacts.registration import register
from crm.contacts.returning import come_back, register_again
from crm.events import type_of
from crm.events.contacts import (
    ContactErased,
    ContactIdentified,
    ContactRegistered,
    ErasureRequested,
    SubjectKeyDestroyed,
)
from crm.events.identifiers import IdentifierClaimed, IdentifierReleased, IdentifierTombstoned

given = scenarios(contacts)
ada = ContactRegistered(name="Ada", emails=["ada@example.com"])


def test_c13_a_person_is_erased_once() -> None:
    given(ada).when(erase, reason="asked by mail").then(ErasureRequested(reason="asked by mail"), ContactErased())
    given(ada, ContactErased()).when(erase).then_rejected("was erased", Erased)
    given().when(erase).then_rejected("no such contact", Unknown)


def test_c13_an_alias_is_erased_through_its_holder() -> None:
    known = ContactIdentified(holder=uuid4())
    given(known).when(erase).then_rejected("is an alias of")
    given(known).when(erase_alias).then(ContactErased())
    given(known, ContactErased()).when(erase_alias).then_nothing()
    given().when(erase_alias).then_rejected("no such alias", Unknown)


def test_c13_the_destruction_of_a_key_is_recorded_once() -> None:
    contact = uuid4()
    destroyed = SubjectKeyDestroyed(contact=contact, key_id=contact)
    scenarios(erasures)().when(confirm_destruction, contact=contact).then(destroyed)
    scenarios(erasures)(destroyed).when(confirm_destruction, contact=contact).then_nothing()


@pytest.fixture
def person(do: Commands) -> tuple[UUID, UUID]:
    """A contact and its alias."""
    holder, alias = uuid4(), uuid4()
    do(contacts, holder, partial(register, name="Ada", emails=["ada@example.com"]))
    do.execute_together(
        Step(contacts, alias, partial(identify, holder=holder)), Step(contacts, holder, partial(recognise, alias=alias))
    )
    return holder, alias


def answer_everything(log: EventLog, runtime: Runtime) -> None:
    """Lets the policy answer every fact of the log, also those that it makes itself."""
    for _ in range(3):
        for sealed in log.read(None, 100):
            if sealed.type in erasing.types:
                erasing.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)


def test_c13_an_erasure_destroys_the_keys_of_all_ids(
    log: EventLog, do: Commands, runtime: Runtime, keys: MemoryKeys, person: tuple[UUID, UUID]
) -> None:
    holder, alias = person
    do(contacts, holder, erase)
    answer_everything(log, runtime)
    answer_everything(log, runtime)
    assert keys.is_destroyed(holder)
    assert keys.is_destroyed(alias)
    for each in person:
        assert [e.fact for e in log.stream(erasure_stream(each))] == [SubjectKeyDestroyed(contact=each, key_id=each)]
        assert sum(isinstance(e.fact, ContactErased) for e in log.stream(each)) == 1


def test_c13_nothing_recorded_before_can_be_read(
    log: EventLog, do: Commands, runtime: Runtime, person: tuple[UUID, UUID]
) -> None:
    do(contacts, person[0], erase)
    answer_everything(log, runtime)
    registered = log.stream(person[0])[0].fact
    assert isinstance(registered, ContactRegistered)
    assert (registered.name, registered.emails) == ("[erased]", [])
    with pytest.raises(Erased):
        find(log, person[0])
    with pytest.raises(Erased):
        find(log, person[1])


def test_c13_an_erased_identifier_is_remembered_and_taken_in_again_only_for_who_came_back(
    log: EventLog, do: Commands, runtime: Runtime, person: tuple[UUID, UUID]
) -> None:
    do(contacts, person[0], erase)
    answer_everything(log, runtime)
    claim = next(each for each in log.read(None, 100) if each.type == type_of(IdentifierTombstoned))
    facts = [type(e.fact) for e in log.stream(claim.stream)]
    assert facts == [IdentifierClaimed, IdentifierReleased, IdentifierTombstoned]
    assert b"ada@" not in claim.value
    assert log.holder("email", "ada@example.com") is None
    anew = partial(register, name="Ada again", emails=["ADA@example.com"])
    with pytest.raises(Tombstoned):
        do(contacts, uuid4(), anew)
    do(contacts, uuid4(), partial(register_again, registering=anew, evidence="wrote to us"))


def test_c13_somebody_erased_who_comes_back_by_their_own_act_is_met_anew(
    log: EventLog, do: Commands, runtime: Runtime, person: tuple[UUID, UUID]
) -> None:
    do(contacts, person[0], erase)
    answer_everything(log, runtime)
    visitor = uuid4()
    do(contacts, visitor, partial(meet, name="Ada", emails=["ada@example.com"]))
    assert log.holder("email", "ada@example.com") == visitor


def test_c13_an_erased_address_is_added_to_nobody_but_who_came_back(
    log: EventLog, do: Commands, person: tuple[UUID, UUID]
) -> None:
    do(contacts, person[0], erase)
    other = uuid4()
    do(contacts, other, partial(register, name="Bob"))
    with pytest.raises(Tombstoned):
        do(contacts, other, partial(add_email, email="ada@example.com"))
    do(contacts, other, partial(come_back, evidence="a signed letter"))
    do(contacts, other, partial(add_email, email="ada@example.com"))
    assert log.holder("email", "ada@example.com") == other


def test_c13_nothing_personal_is_added_once_the_key_is_gone(keys: MemoryKeys, do: Commands) -> None:
    contact = uuid4()
    keys.destroy(contact)
    with pytest.raises(Destroyed):
        do(contacts, contact, partial(register, name="Ada"))


def test_the_state_of_an_erased_contact_keeps_its_aliases_only() -> None:
    state = contacts.fold((ada, ContactErased()))
    assert state == Contact("", erased=True)
