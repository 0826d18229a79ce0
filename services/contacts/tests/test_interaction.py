"""Interactions: written down, corrected with the original kept, and taken back (C10)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.contacts.interaction import amend, interactions, log_interaction, retract
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
