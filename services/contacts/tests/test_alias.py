"""Several ids of one person."""

from uuid import uuid4

from crm.chassis.decider import Erased, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.alias import identify, recognise
from crm.contacts.contact import contacts
from crm.events.contacts import ContactErased, ContactIdentified, ContactRecognised, ContactRegistered

given = scenarios(contacts)
holder, alias = uuid4(), uuid4()
ada = ContactRegistered(name="Ada")


def test_a_provisional_id_nobody_is_registered_under_becomes_an_alias() -> None:
    given().when(identify, holder=holder).then(ContactIdentified(holder=holder))
    given(ContactIdentified(holder=holder)).when(identify, holder=holder).then_nothing()


def test_an_alias_has_one_holder() -> None:
    given(ContactIdentified(holder=holder)).when(identify, holder=uuid4()).then_rejected("is an alias of")


def test_c5_somebody_registered_does_not_become_an_alias_by_itself() -> None:
    given(ada).when(identify, holder=holder).then_rejected("merge the two")


def test_the_holder_knows_its_aliases() -> None:
    given(ada).when(recognise, alias=alias).then(ContactRecognised(alias=alias))
    given(ada, ContactRecognised(alias=alias)).when(recognise, alias=alias).then_nothing()
    given().when(recognise, alias=alias).then_rejected("no such contact", Unknown)


def test_c13_an_erased_person_gets_no_further_aliases() -> None:
    given(ada, ContactErased()).when(recognise, alias=alias).then_rejected("was erased", Erased)


def test_facts_of_an_alias_are_about_the_holder_too() -> None:
    state = contacts.fold((ContactIdentified(holder=holder),))
    assert contacts.about and state
    assert tuple(contacts.about(alias, state)) == (alias, holder)
