"""What happens by itself with people who were merged: recognition, erasure; and views that do not mind the order."""

from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.decider import Erased
from crm.chassis.keys import MemoryKeys
from crm.chassis.log import Commands, EventLog
from crm.chassis.people.aliases import Aliases
from crm.chassis.people.identity import Identifier
from crm.chassis.people.known import KnownContacts, provisional_contact_id
from crm.chassis.projection import View
from crm.chassis.runtime import Runtime
from crm.chassis.testing.views import recorded
from crm.contacts.contact import contacts
from crm.contacts.directory import directory
from crm.contacts.erasing import erasing
from crm.contacts.erasure import erase, erasure_stream
from crm.contacts.forgetting import forgetting
from crm.contacts.lookup import find
from crm.contacts.proposal import propose
from crm.contacts.reassigned import reassigned
from crm.contacts.registering import registering
from crm.contacts.registration import register
from crm.contacts.settling import living, settle
from crm.contacts.undoing import by_id, undoing
from crm.events import Fact, Recorded
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered, ContactRenamed
from crm.events.merging import (
    ContactAbsorbed,
    ContactRestored,
    ContactsMerged,
    ContactsUnmerged,
    ItemReassigned,
    MergedFieldChosen,
)
from crm.events.sales import LeadCaptured

EMAIL = Identifier("email", "bob@x.example")


@pytest.fixture
def person(log: EventLog, do: Commands) -> tuple[UUID, UUID]:
    """Ada, who absorbed Bob."""
    ada, bob = uuid4(), uuid4()
    do(contacts, ada, partial(register, name="Ada"))
    do(contacts, bob, partial(register, name="Bob", emails=[EMAIL.match_key]))
    settle(do, ada, lambda: propose(log, [ada, bob], survivor=ada).steps(uuid4(), "manual", {}))
    return ada, bob


def unmerge(log: EventLog, do: Commands, contact: UUID) -> None:
    person = living(log, contact)
    (merge,) = person.contact.merges.in_force
    settle(do, contact, lambda: undoing(person, by_id(person, merge.merge_id), "Two"))


def test_c9_who_is_recognised_by_an_absorbed_contacts_address_leaves_with_it(
    log: EventLog, do: Commands, runtime: Runtime, person: tuple[UUID, UUID]
) -> None:
    ada, bob = person
    minted = provisional_contact_id(log.keys, EMAIL)
    fact = LeadCaptured(contact=minted, provisional=True, source="web", name="B", email=EMAIL.match_key)
    registering.answer(recorded(uuid4(), fact, contact_ids=(minted,)), runtime)
    assert log.stream(minted)[0].fact == ContactIdentified(holder=bob)
    assert find(log, minted).contact_id == ada
    assert find(log, ada).contact.aliases == {bob, minted}
    unmerge(log, do, ada)
    assert find(log, minted).contact_id == bob


def answer_everything(log: EventLog, runtime: Runtime) -> None:
    for _ in range(3):
        for sealed in log.read(None, 100):
            if sealed.type in erasing.types:
                erasing.answer(log.stream(sealed.stream)[sealed.version - 1], runtime)


@pytest.mark.parametrize("at_once", [True, False])
def test_c13_merged_people_are_erased_as_one_and_stay_so(
    log: EventLog, do: Commands, runtime: Runtime, keys: MemoryKeys, person: tuple[UUID, UUID], at_once: bool
) -> None:
    ada, bob = person
    before = living(log, ada)
    if at_once:
        settle(do, ada, lambda: forgetting(log, ada, None))
        assert isinstance(log.stream(bob)[-1].fact, ContactErased)
    else:
        do(contacts, ada, erase)
    answer_everything(log, runtime)
    assert all(keys.is_destroyed(each) and log.stream(erasure_stream(each)) for each in person)
    (merge,) = before.contact.merges.in_force
    with pytest.raises(Erased):
        settle(do, ada, lambda: undoing(before, by_id(before, merge.merge_id), "Too late"))


def test_c13_an_erasure_and_an_unmerge_that_meet_leave_nobody_half_erased(
    log: EventLog, do: Commands, person: tuple[UUID, UUID]
) -> None:
    ada, bob = person
    steps = list(forgetting(log, ada, None))
    unmerge(log, do, ada)

    def prepared() -> Any:
        yield from (steps if not tried else forgetting(log, ada, None))
        tried.append(True)

    tried: list[bool] = []
    settle(do, ada, prepared)
    assert find(log, bob).contact.name == "Bob"
    with pytest.raises(Erased):
        find(log, ada)


a, b, item, merge_id = uuid4(), uuid4(), uuid4(), uuid4()
STREAMS: dict[UUID, list[Fact]] = {
    a: [
        ContactRegistered(name="A", emails=["a@x.example"]),
        ContactsMerged(merge_id=merge_id, survivor=a, absorbed=[b], stream_versions={}, field_choices={"name": b}),
        MergedFieldChosen(field="name", source=a),
        ContactRenamed(name="A2"),
        ContactsUnmerged(merge_id=merge_id, restored=[b], reason="Two"),
    ],
    b: [
        ContactRegistered(name="B"),
        ContactAbsorbed(merge_id=merge_id, survivor=a),
        ContactRestored(merge_id=merge_id, survivor=a),
        ContactAbsorbed(merge_id=uuid4(), survivor=a),
    ],
    item: [
        ItemReassigned(item=item, of=a, to=b, merge_id=merge_id),
        ItemReassigned(item=item, of=a, to=a, merge_id=merge_id),
        ItemReassigned(item=item, of=a, to=b, merge_id=merge_id),
    ],
}
VIEWS: tuple[View[Any], ...] = (directory, reassigned, Aliases(), KnownContacts())


@given(st.permutations([stream for stream, facts in STREAMS.items() for _ in facts]))
def test_views_of_merges_do_not_depend_on_how_streams_interleave(order: list[UUID]) -> None:
    versions = dict.fromkeys(STREAMS, 0)

    def next_of(stream: UUID) -> Recorded[Fact]:
        versions[stream] += 1
        return recorded(stream, STREAMS[stream][versions[stream] - 1], versions[stream])

    shuffled = [next_of(each) for each in order]
    plain = [recorded(s, f, at) for s, facts in STREAMS.items() for at, f in enumerate(facts, 1)]
    for view in VIEWS:
        assert view.fold(shuffled) == view.fold(plain), view.family
