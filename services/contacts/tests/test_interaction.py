"""Interactions: of which kinds, written down once, corrected with the original kept, and taken back (C10)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.interaction import KINDS, amend, interactions, log_interaction, record_of, retract
from crm.events import summarise
from crm.events.interactions import InteractionAmended, InteractionLogged, InteractionRetracted
from crm.events.particulars import Attachment

given = scenarios(interactions)
ada = uuid4()
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
OFFER = Attachment("offer.pdf", "application/pdf", "https://files.example/1", 10_000)
CALL: dict[str, Any] = {"kind": "call", "direction": "inbound", "subject": "Price", "body": "Too high", "via": "a@b.de"}
logged = InteractionLogged(contact=ada, **CALL)
origin: dict[str, Any] = {"author": "user:ada", "took_place_at": MONDAY}


def corrected(**changes: Any) -> InteractionAmended:
    return InteractionAmended(contact=ada, **origin, **CALL | changes)


retracted = InteractionRetracted(contact=ada, author="user:ada", reason="Another customer")


def test_what_was_said_is_written_down_once_with_its_files_by_reference() -> None:
    words = {"contact": ada, "kind": "call", "direction": "inbound", "subject": " The  offer ", "attachments": [OFFER]}
    expected = InteractionLogged(
        contact=ada, kind="call", direction="inbound", subject="The offer", attachments=[OFFER], visibility="private"
    )
    given().when(log_interaction, **words, visibility="private").then(expected)
    given(logged).when(log_interaction, **words).then_rejected("already logged")
    given().when(log_interaction, **words | {"subject": "  "}).then_rejected("in a few words")


def test_c10_an_amendment_says_all_of_it_and_what_is_left_out_stays() -> None:
    given(logged).when(amend, **origin, subject="The  price").then(corrected(subject="The price"))
    given(logged).when(amend, **origin, body=None).then(corrected(body=None))
    given(logged).when(amend, **origin, attachments=[OFFER]).then(corrected(attachments=[OFFER]))
    given(logged, corrected(subject="The price")).when(amend, **origin, kind="note", visibility="hr").then(
        corrected(subject="The price", kind="note", visibility="hr")
    )


def test_c10_the_same_again_is_no_amendment_but_another_moment_is() -> None:
    given(logged).when(amend, **origin, subject="Price").then_nothing()
    given(logged).when(amend, **origin, moved=True).then(corrected())
    given(logged).when(amend, **origin, subject=" ").then_rejected("in a few words")


def test_c10_a_retraction_is_said_once_with_its_reason_and_keeps_who_may_read_it() -> None:
    given(logged).when(retract, author="user:ada", reason=" Another  customer ").then(retracted)
    given(logged, retracted).when(retract, author="user:ada", reason="Again").then_nothing()
    given(logged).when(retract, author="user:ada", reason=" ").then_rejected("why")
    private = corrected(visibility="private")
    expected = InteractionRetracted(contact=ada, author="user:ada", reason="No", visibility="private")
    given(logged, private).when(retract, author="user:ada", reason="No").then(expected)


def test_what_is_not_there_or_retracted_cannot_be_amended() -> None:
    given().when(amend, **origin).then_rejected("no such interaction", Unknown)
    given().when(retract, author="user:ada", reason="No").then_rejected("no such interaction", Unknown)
    given(logged, retracted).when(amend, **origin, subject="Else").then_rejected("was retracted")


def test_the_facts_say_in_one_line_what_happened() -> None:
    assert summarise(corrected(subject="The price")) == "Corrected: call (inbound): The price"
    assert summarise(retracted) == "Interaction retracted: Another customer"


VISIT: dict[str, Any] = {"contact": ada, "kind": "external", "direction": "inbound", "subject": "At the counter"}
IN_SHOP = {"system": "Shop till", "external_id": "A-7"}
told = InteractionLogged(**VISIT, **IN_SHOP)


@pytest.mark.parametrize("kind", ["call", "meeting", "note", "email", "message", "letter", "visit"])
def test_c10_what_people_say_and_write_to_each_other_is_logged_and_amended(kind: str) -> None:
    expected = InteractionLogged(contact=ada, **CALL | {"kind": kind})
    given().when(log_interaction, contact=ada, **CALL | {"kind": kind}).then(expected)
    assert summarise(expected) == f"{kind} (inbound): Price"
    if kind != "call":
        given(logged).when(amend, **origin, kind=kind).then(corrected(kind=kind))


@pytest.mark.parametrize("kind", ["dance", "Call", "e-mail", ""])
def test_c10_another_kind_is_refused_with_the_list_of_those_there_are(kind: str) -> None:
    given().when(log_interaction, contact=ada, **CALL | {"kind": kind}).then_rejected("kind")
    given(logged).when(amend, **origin, kind=kind).then_rejected("kind")
    with pytest.raises(Rejected) as refused:
        log_interaction(None, contact=ada, **CALL | {"kind": kind})
    assert refused.value.field == "kind"
    assert refused.value.sentence.endswith("call, meeting, note, email, message, letter, visit, external.")


def test_c10_what_was_logged_under_a_kind_that_is_no_longer_listed_can_still_be_corrected() -> None:
    assert "site-visit" not in KINDS
    once = InteractionLogged(contact=ada, **CALL | {"kind": "site-visit"})
    given(once).when(amend, **origin, subject="The price").then(corrected(kind="site-visit", subject="The price"))


def test_c14_what_another_system_recorded_says_in_which() -> None:
    given().when(log_interaction, **VISIT).then_rejected("in which system")
    given().when(log_interaction, **VISIT, system="till").then(InteractionLogged(**VISIT, system="till"))
    given().when(log_interaction, contact=ada, **CALL, external_id="7").then_rejected("in which system")
    given(logged).when(amend, **origin, kind="external").then_rejected("in which system")
    given(logged).when(amend, **origin, kind="external", system="till").then(corrected(kind="external", system="till"))
    for wrong in ("a:b", " ", "x" * 61):
        given().when(log_interaction, **VISIT, system=wrong).then_rejected("without colons")


def test_c14_a_record_of_another_system_is_logged_once() -> None:
    given().when(log_interaction, **VISIT, **IN_SHOP).then(told)
    given(told).when(log_interaction, **VISIT | {"subject": "Otherwise"}, **IN_SHOP).then_nothing()
    spelled = {"system": "SHOP TILL", "external_id": "A-7"}
    given(told).when(log_interaction, **VISIT, **spelled).then_nothing()
    given(told).when(log_interaction, **VISIT, **IN_SHOP | {"external_id": "a-7"}).then_rejected("already logged")
    given(told).when(log_interaction, **VISIT, system="Shop till").then_rejected("already logged")


def test_c14_the_claim_on_a_record_goes_with_it_and_ends_when_it_is_taken_back() -> None:
    def claimed(*facts: Any) -> Any:
        assert interactions.claims
        state = interactions.fold(facts)
        assert state
        return interactions.claims(state)

    assert claimed(told) == {("interaction_id", "shop till:A-7")}
    moved = InteractionAmended(**origin, **VISIT, system="Shop till", external_id="A-8")
    assert claimed(told, moved) == {("interaction_id", "shop till:A-8")}
    assert claimed(told, retracted) == claimed(logged) == set()


@pytest.mark.parametrize("nothing", ["0", "null", " - "])
def test_c3_an_id_that_names_nothing_is_none(nothing: str) -> None:
    assert record_of("till", nothing) is None
    given().when(log_interaction, **VISIT, system="till", external_id=nothing).then_rejected("names nothing")
