"""A message: what may follow what. Rules without I/O."""

from uuid import UUID, uuid4

import pytest

from crm.campaigns.message import (
    MOST_CLICKS,
    click,
    confirm,
    fail,
    hand_off,
    leave_open,
    message_stream,
    messages,
    plan_message,
    suppress,
    unsubscribe,
)
from crm.chassis.decider import Command, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events import Fact
from crm.events.campaigns import (
    LinkClicked,
    MessageFailed,
    MessageHandedOff,
    MessagePlanned,
    MessageSent,
    MessageSuppressed,
    MessageUnknown,
    Unsubscribed,
)

given = scenarios(messages)
CAMPAIGN, ADA = UUID(int=5), UUID(int=1)
planned = MessagePlanned(campaign=CAMPAIGN, contact=ADA, address="ada@x.example")
handed = MessageHandedOff(campaign=CAMPAIGN, subject="Ada, news")
sent = MessageSent(campaign=CAMPAIGN)
failed = MessageFailed(campaign=CAMPAIGN, reason="recipient refused", code=550)
unknown = MessageUnknown(campaign=CAMPAIGN)
suppressed = MessageSuppressed(campaign=CAMPAIGN, reason="no consent")
clicked = LinkClicked(campaign=CAMPAIGN, link=1, url="https://x.example")
signed_off = Unsubscribed(contact=ADA, campaign=CAMPAIGN, purpose="marketing", method="page")
URL = {"link": 1, "url": "https://x.example"}


def test_a_campaign_has_one_message_for_a_contact() -> None:
    assert message_stream(CAMPAIGN, ADA) == message_stream(CAMPAIGN, ADA) != message_stream(CAMPAIGN, uuid4())
    given().when(plan_message, campaign=CAMPAIGN, contact=ADA, address="ada@x.example").then(planned)
    given(planned).when(plan_message, campaign=CAMPAIGN, contact=ADA, address="b@x.example").then_nothing()


def test_m1_a_message_is_suppressed_once_and_not_taken_up_again() -> None:
    given(planned).when(suppress, reason="no consent").then(suppressed)
    given(planned, suppressed).when(suppress, reason="contact erased").then_nothing()
    given(planned, suppressed).when(hand_off, subject="Ada, news").then_nothing()


def test_m15_a_message_is_handed_off_once_and_has_one_result() -> None:
    given(planned).when(hand_off, subject="Ada, news").then(handed)
    for facts in ((handed,), (handed, sent), (handed, failed), (handed, unknown)):
        given(planned, *facts).when(hand_off, subject="Ada, news").then_nothing()
        given(planned, *facts).when(suppress, reason="no consent").then_nothing()
    given(planned, handed).when(confirm).then(sent)
    given(planned, handed).when(fail, reason="recipient refused", code=550).then(failed)
    given(planned, handed).when(leave_open).then(unknown)


@pytest.mark.parametrize("result", [sent, failed, unknown])
def test_m15_a_result_stands(result: Fact) -> None:
    given(planned, handed, result).when(confirm).then_nothing()
    given(planned, handed, result).when(fail, reason="recipient refused", code=550).then_nothing()
    given(planned, handed, result).when(leave_open).then_nothing()


@pytest.mark.parametrize("command", [confirm, leave_open])
def test_what_was_not_handed_off_has_no_result(command: Command) -> None:
    given(planned).when(command).then_nothing()
    given().when(command).then_rejected("no such message", Unknown)


def test_every_click_is_a_fact_and_only_the_first_is_not_again() -> None:
    given(planned, handed, sent).when(click, **URL).then(clicked)
    again = LinkClicked(campaign=CAMPAIGN, link=1, url="https://x.example", again=True)
    given(planned, handed, sent, clicked).when(click, **URL).then(again)
    given(planned, handed, sent, *[again] * MOST_CLICKS).when(click, **URL).then_nothing()


@pytest.mark.parametrize("facts", [(planned,), (planned, suppressed)])
def test_nobody_clicks_or_unsubscribes_in_a_mail_that_was_not_sent(facts: tuple[Fact, ...]) -> None:
    given(*facts).when(click, **URL).then_rejected("not sent")
    given(*facts).when(unsubscribe, purpose="marketing", method="page").then_rejected("not sent")


@pytest.mark.parametrize("facts", [(handed,), (handed, sent), (handed, unknown)])
def test_m4_who_holds_the_mail_unsubscribes_once(facts: tuple[Fact, ...]) -> None:
    how = {"purpose": "marketing", "method": "page"}
    given(planned, *facts).when(unsubscribe, **how).then(signed_off)
    given(planned, *facts, signed_off).when(unsubscribe, **how).then_nothing()
    given(planned, *facts, signed_off).when(unsubscribe, **how, anew=True).then(signed_off)
