"""Survivorship (C5, C6): whose values a person of several ids has."""

from typing import Any
from uuid import UUID, uuid4

from crm.chassis.people.merges import Choice, Merge, Merges
from crm.contacts.contact import Contact
from crm.contacts.family import Family
from crm.contacts.survivorship import compose, resolve, source_of, survivor_of
from crm.events.particulars import ExternalId, Phone, PostalAddress

a, b, c = sorted((uuid4(), uuid4(), uuid4()))
OSLO = PostalAddress(city="Oslo")


def one(contact_id: UUID, *below: Family, choices: tuple[Choice, ...] = (), name: str = "", **more: Any) -> Family:
    absorbed = tuple(each.contact_id for each in below)
    merges = Merges((Merge(uuid4(), contact_id, absorbed),) if below else (), choices)
    return Family(contact_id, Contact(name or f"N {contact_id}", merges=merges, **more), 1, below)


def test_c6_the_newest_name_counts_and_what_is_empty_never_wins() -> None:
    families = [one(a), one(b, address=OSLO)]
    since = {(a, "name"): 1, (b, "name"): 2, (a, "address"): 9, (b, "address"): 1}
    assert resolve(families, {}, since) == {"name": b, "address": b}
    assert resolve(families, {}, since | {(a, "name"): 3}) == {"name": a, "address": b}
    assert resolve(families, {}, since | {(a, "name"): 2})["name"] == a  # the survivor's, where neither is newer


def test_c6_a_choice_beats_what_is_certain_and_that_what_is_newer() -> None:
    families = [one(a), one(b, provisional=True)]
    since = {(a, "name"): 1, (b, "name"): 2}
    assert resolve(families, {}, since) == {"name": a}
    assert resolve(families, {"name": b}, since) == {"name": b}


def test_c6_a_verified_address_comes_first_else_the_survivors() -> None:
    verified = one(b, emails=("b@x.example",), verified=frozenset({"b@x.example"}))
    plain = one(a, emails=("a@x.example",))
    assert resolve([plain, verified], {}, {(a, "name"): 1, (b, "name"): 1})["primary_email"] == b
    assert resolve([plain, one(b, emails=("b@x.example",))], {}, {(a, "name"): 1, (b, "name"): 1})["primary_email"] == a
    assert resolve([one(a), verified], {}, {(a, "name"): 1, (b, "name"): 1})["primary_email"] == b


def test_c6_several_values_are_united_without_repetitions_and_known_by_their_contact() -> None:
    person = one(
        a,
        one(b, emails=("noreply@y.example", "b@x.example"), phones=(Phone("+49 30 901820", "+4930901820"),)),
        emails=("a@x.example", "NoReply@y.example"),
        phones=(Phone("030 901820", "+4930901820"), Phone("reception")),
        external_ids=(ExternalId("shop", "1"),),
        choices=(Choice("primary_email", b),),
    )
    profile = compose(person)
    assert profile.contact.emails == ("noreply@y.example", "a@x.example", "NoReply@y.example", "b@x.example")
    assert profile.contact.phones == (Phone("030 901820", "+4930901820"), Phone("reception"))
    assert profile.provenance["emails"] == (b, a, a, b)
    assert profile.provenance["external_ids"] == (a,)
    assert profile.contact.aliases == {b}


def test_c6_what_was_chosen_and_is_gone_leaves_the_survivors_own() -> None:
    choices = (Choice("name", b), Choice("name", c))
    assert source_of(one(a, one(b), one(c), choices=choices), "name").contact_id == c
    assert source_of(one(a, one(b), choices=choices), "name").contact_id == b
    assert source_of(one(a, one(uuid4()), choices=choices), "name").contact_id == a
    assert source_of(one(a, one(b, address=OSLO)), "address").contact_id == b
    taken_away = (Choice("address", b), Choice("address", None))
    assert source_of(one(a, one(b, address=OSLO), choices=taken_away), "address").contact_id == a


def test_c5_the_identified_survive_then_the_chosen_then_the_oldest() -> None:
    opened = {a: 3, b: 2, c: 1}
    identified, older, heard_of = one(a), one(b), one(c, provisional=True)
    everybody = [identified, older, heard_of]
    assert survivor_of(everybody, None, opened) is older
    assert survivor_of(everybody, a, opened) is identified
    assert survivor_of(everybody, c, opened) is older
    assert survivor_of([heard_of], None, opened) is heard_of
