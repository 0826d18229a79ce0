"""What a contact allows, with the proof of it; and interactions."""

from uuid import uuid4

from crm.chassis.testing.scenarios import scenarios
from crm.contacts.consent import consent_stream, consents, grant, withdraw
from crm.contacts.interaction import interactions, log_interaction
from crm.events.consents import ConsentGranted, ConsentWithdrawn
from crm.events.interactions import InteractionLogged
from crm.events.particulars import ConsentEvidence

given = scenarios(consents)
ada = uuid4()
proof = ConsentEvidence(ip="192.0.2.1", form_url="https://shop.example/news")
granted = ConsentGranted(
    contact=ada, channel="email", purpose="marketing", wording_version="3", source="form", evidence=proof
)
withdrawn = ConsentWithdrawn(contact=ada, channel="email", purpose="marketing", source="mail", wording_version="3")
what = {"contact": ada, "channel": "email", "purpose": "marketing"}


def test_consent_is_recorded_with_its_evidence() -> None:
    given().when(grant, **what, wording_version="3", source="form", evidence=proof).then(granted)


def test_agreeing_to_the_same_wording_again_changes_nothing() -> None:
    given(granted).when(grant, **what, wording_version="3", source="phone").then_nothing()


def test_a_new_wording_is_a_new_consent() -> None:
    given(granted).when(grant, **what, wording_version="4", source="form").then(
        ConsentGranted(contact=ada, channel="email", purpose="marketing", wording_version="4", source="form")
    )


def test_a_withdrawal_says_what_was_withdrawn() -> None:
    given(granted).when(withdraw, **what, source="mail").then(withdrawn)
    given(granted, withdrawn).when(withdraw, **what, source="mail").then_nothing()


def test_who_was_never_asked_can_say_no() -> None:
    given().when(withdraw, **what, source="phone").then(
        ConsentWithdrawn(contact=ada, channel="email", purpose="marketing", source="phone")
    )


def test_who_withdrew_can_agree_again() -> None:
    given(granted, withdrawn).when(grant, **what, wording_version="3", source="form", evidence=proof).then(granted)


def test_every_channel_and_purpose_has_a_stream_of_its_own() -> None:
    streams = {consent_stream(ada, "email", "marketing"), consent_stream(ada, "sms", "marketing")}
    assert len(streams | {consent_stream(ada, "email", "survey"), consent_stream(uuid4(), "email", "marketing")}) == 4


def test_an_interaction_is_logged_once_and_says_what_it_was_about() -> None:
    said = scenarios(interactions)
    call = InteractionLogged(contact=ada, kind="call", direction="inbound", subject="Price", body="Too high")
    arguments = {"contact": ada, "kind": "call", "direction": "inbound", "body": "Too high"}
    said().when(log_interaction, **arguments, subject=" Price ").then(call)
    said(call).when(log_interaction, **arguments, subject="Price").then_rejected("already logged")
    said().when(log_interaction, **arguments, subject=" ").then_rejected("what it was about")
