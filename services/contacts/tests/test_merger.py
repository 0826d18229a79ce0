"""Merging contacts and undoing it: rules."""

from uuid import UUID, uuid4

import pytest

from crm.chassis.decider import Erased, Rejected, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.contact import contacts
from crm.contacts.family import Family
from crm.contacts.merger import absorb, choose, merge, restore, shares_verified, unmerge
from crm.contacts.reach import add_email, make_email_primary
from crm.contacts.registration import move, rename
from crm.events.contacts import (
    ContactEmailVerified,
    ContactErased,
    ContactFact,
    ContactMoved,
    ContactPrimaryEmailChanged,
    ContactRegistered,
    ContactRenamed,
)
from crm.events.merging import (
    ContactAbsorbed,
    ContactRestored,
    ContactsMerged,
    ContactsUnmerged,
    MergedFieldChosen,
)
from crm.events.particulars import PostalAddress

given = scenarios(contacts)
ada, bob, merge_id = uuid4(), uuid4(), uuid4()
known = ContactRegistered(name="Ada", emails=["ada@x.example"])
absorbed = ContactAbsorbed(merge_id=merge_id, survivor=ada)


def merged(**choices: UUID) -> ContactsMerged:
    return ContactsMerged(
        merge_id=merge_id,
        survivor=ada,
        absorbed=[bob],
        stream_versions={str(ada): 1, str(bob): 1},
        field_choices=choices,
    )


def family(contact: UUID, *facts: ContactFact) -> Family:
    state = contacts.fold(facts)
    assert state
    return Family(contact, state, len(facts))


def test_c8_both_sides_of_a_merge_are_recorded() -> None:
    people = {"survivor": family(ada, known), "absorbed": [family(bob, ContactRegistered(name="Bob"))]}
    given(known).when(merge, merge_id=merge_id, field_choices={}, **people).then(merged())
    given(ContactRegistered(name="Bob")).when(absorb, merge_id=merge_id, survivor=ada).then(absorbed)
    given(known, absorbed).when(absorb, merge_id=uuid4(), survivor=bob).then_rejected("is an alias of")
    given(known, ContactErased()).when(absorb, merge_id=merge_id, survivor=ada).then_rejected("erased", Erased)


def test_c9_an_unmerge_undoes_both_sides_once() -> None:
    undone = ContactsUnmerged(merge_id=merge_id, restored=[bob], reason="Two")
    given(known, merged()).when(unmerge, merge_id=merge_id, reason="Two").then(undone)
    given(known, merged(), undone).when(unmerge, merge_id=merge_id, reason="Two").then_rejected("undone already")
    given(known, merged(), absorbed).when(unmerge, merge_id=merge_id, reason="Two").then(undone)
    given(known, absorbed).when(restore, merge_id=merge_id).then(ContactRestored(merge_id=merge_id, survivor=ada))
    given(known, absorbed).when(restore, merge_id=uuid4()).then_nothing()
    given().when(restore, merge_id=merge_id).then_rejected("no such contact", Unknown)


def test_c13_after_an_erasure_nothing_is_unmerged() -> None:
    given(known, merged(), ContactErased()).when(unmerge, merge_id=merge_id, reason="x").then_rejected("erased", Erased)
    given(known, absorbed, ContactErased()).when(restore, merge_id=merge_id).then_rejected("erased", Erased)


def test_c9_what_was_chosen_goes_with_the_merge() -> None:
    undone = ContactsUnmerged(merge_id=merge_id, restored=[bob], reason="Two")
    before = contacts.fold((known,))
    assert contacts.fold((known, merged(name=bob), undone)) == before
    assert contacts.fold((known, merged(), MergedFieldChosen(field="name", source=bob), undone)) == before


def test_c6_a_value_that_is_set_after_the_merge_counts_even_if_it_is_the_old_one() -> None:
    given(known).when(rename, name="Ada").then_nothing()
    given(known, merged(name=ada)).when(rename, name="Ada").then_nothing()
    given(known, merged(name=bob)).when(rename, name="Ada").then(ContactRenamed(name="Ada"))
    given(known, merged(name=bob), ContactRenamed(name="Ada")).when(rename, name="Ada").then_nothing()
    given(known, merged(address=bob)).when(move, address=None).then(ContactMoved(address=None))
    first = ContactPrimaryEmailChanged(email="ada@x.example")
    given(known, merged(primary_email=bob)).when(make_email_primary, email="ada@x.example").then(first)
    given(known, absorbed).when(add_email, email="a@b.example").then_rejected(str(ada))


def test_c6_a_choice_is_between_values_that_are_there() -> None:
    lives = ContactMoved(address=PostalAddress(city="Oslo"))
    other = family(bob, ContactRegistered(name="Bob"), lives, absorbed)
    state = contacts.fold((known, merged(name=ada)))
    assert state
    person = Family(ada, state, 2, (other,))
    scene = given(known, merged(name=ada))
    scene.when(choose, family=person, field="name", source=bob).then(MergedFieldChosen(field="name", source=bob))
    scene.when(choose, family=person, field="name", source=ada).then_nothing()
    scene.when(choose, family=person, field="address", source=bob).then_nothing()
    scene.when(choose, family=person, field="address", source=ada).then_rejected("no value")
    scene.when(choose, family=person, field="name", source=uuid4()).then_rejected("takes part")
    scene.when(choose, family=person, field="aliases", source=bob).then_rejected("choose one of")
    given(known).when(choose, family=family(ada, known), field="name", source=ada).then_rejected("not merged")


VERIFIED = ContactEmailVerified(email="ada@x.example")


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([known], [known], False),
        ([known, VERIFIED], [known], False),
        ([known, VERIFIED], [known, VERIFIED], True),
        ([known], [ContactRegistered(name="A", emails=["ADA@X.example"], provisional=True)], True),
        ([known], [ContactRegistered(name="A", emails=["bob@x.example"], provisional=True)], False),
    ],
)
def test_c5_two_identified_contacts_merge_by_themselves_only_by_a_verified_identifier(
    one: list[ContactFact], other: list[ContactFact], expected: bool
) -> None:
    families = family(ada, *one), family(bob, *other)
    assert shares_verified(*families) is expected

    def decide() -> None:
        merge(
            families[0].contact,
            merge_id=merge_id,
            survivor=families[0],
            absorbed=[families[1]],
            field_choices={},
            rule="verified-identifier",
        )

    if expected:
        decide()
    else:
        with pytest.raises(Rejected, match="a person has to decide"):
            decide()
