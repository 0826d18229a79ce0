"""What people look up about campaigns: rows from facts, in memory."""

import random
from typing import Any
from uuid import UUID

import pytest

from crm.campaigns.campaign_list import campaign_list
from crm.campaigns.funnel import Funnel, funnels
from crm.campaigns.recipient_list import RecipientRow, recipient_list
from crm.chassis.testing.views import DAY_ONE, recorded
from crm.events import Fact, Recorded
from crm.events.campaigns import (
    Audience,
    CampaignCompleted,
    CampaignPlanned,
    CampaignStarted,
    LinkClicked,
    MessageFailed,
    MessageHandedOff,
    MessagePlanned,
    MessageSent,
    MessageSuppressed,
    MessageUnknown,
    Unsubscribed,
)

SPRING, ADA = UUID(int=5), UUID(int=1)
planned = MessagePlanned(campaign=SPRING, contact=ADA, address="ada@x.example")
handed = MessageHandedOff(campaign=SPRING, subject="News")
sent = MessageSent(campaign=SPRING)
clicked = LinkClicked(campaign=SPRING, link=1, url="https://x.example")
again = LinkClicked(campaign=SPRING, link=2, url="https://y.example", again=True)
signed_off = Unsubscribed(contact=ADA, campaign=SPRING, purpose="marketing", method="page")
STREAMS: list[list[Fact]] = [
    [planned, handed, sent, clicked, again, signed_off],
    [planned, handed, sent],
    [planned, handed, MessageUnknown(campaign=SPRING)],
    [planned, handed, MessageFailed(campaign=SPRING, reason="recipient refused", code=550)],
    [planned, MessageSuppressed(campaign=SPRING, reason="no consent")],
    [planned, MessageSuppressed(campaign=SPRING, reason="no consent")],
    [planned, MessageSuppressed(campaign=SPRING, reason="address invalid")],
    [planned],
]


@pytest.mark.parametrize("seed", range(5))
def test_the_funnel_counts_the_same_however_messages_come_in_between_each_other(seed: int) -> None:
    waiting = {UUID(int=at): list(enumerate(facts, start=1)) for at, facts in enumerate(STREAMS, start=100)}
    facts: list[Recorded[Fact]] = []
    while waiting:
        stream = random.Random(seed + len(facts)).choice(sorted(waiting))
        version, fact = waiting[stream].pop(0)
        facts.append(recorded(stream, fact, version))
        if not waiting[stream]:
            del waiting[stream]
    assert funnels.fold(facts) == {
        SPRING: Funnel(
            SPRING,
            planned=8,
            suppressed=3,
            suppressed_by_reason={"address invalid": 1, "no consent": 2},
            handed_off=4,
            sent=2,
            failed=1,
            failed_by_reason={"recipient refused": 1},
            unknown=1,
            clicked=1,
            clicks=2,
            unsubscribed=1,
        )
    }


def row_after(*facts: Fact) -> RecipientRow:
    stream = UUID(int=100)
    return recipient_list.fold(recorded(stream, fact, at) for at, fact in enumerate(facts, start=1))[stream]


@pytest.mark.parametrize(
    ("facts", "status", "reason"),
    [
        ([planned], "planned", None),
        (STREAMS[4], "suppressed", "no consent"),
        ([planned, handed], "handed_off", None),
        ([planned, handed, sent], "sent", None),
        (STREAMS[3], "failed", "recipient refused"),
        (STREAMS[2], "unknown", None),
    ],
)
def test_a_recipient_says_what_became_of_the_message(facts: list[Fact], status: str, reason: str | None) -> None:
    row = row_after(*facts)
    assert (row.contact, row.address, row.status, row.reason) == (ADA, "ada@x.example", status, reason)


def test_a_recipient_says_what_its_reader_did() -> None:
    row = row_after(*STREAMS[0])
    assert (row.status, row.clicks, row.clicked_at, row.unsubscribed_at) == ("sent", 2, DAY_ONE, DAY_ONE)


def test_the_list_follows_a_campaign() -> None:
    def after(*facts: Fact) -> Any:
        return campaign_list.fold(recorded(SPRING, each, at) for at, each in enumerate(facts, start=1))[SPRING]

    first = CampaignPlanned(name="Spring", subject="S", text="T", purpose="marketing", audience=Audience())
    assert (after(first).status, after(first).version) == ("planned", 1)
    running = after(first, CampaignStarted())
    assert (running.status, running.started_at, running.version) == ("running", DAY_ONE, 2)
    over = after(first, CampaignStarted(), CampaignCompleted(outcome="finished"))
    assert (over.status, over.outcome, over.completed_at) == ("completed", "finished", DAY_ONE)
