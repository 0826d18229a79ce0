"""The funnel: how many messages of a campaign came how far, and why the others did not."""

from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from crm.chassis.projection import Db, View
from crm.events import Recorded
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


@dataclass(frozen=True)
class Funnel:
    """Counts of messages; `clicks` counts every click, `clicked` the messages in which there was one.

    Each message that was planned is suppressed, sent, failed, unknown, or still to be decided.
    """

    campaign: UUID
    planned: int = 0
    suppressed: int = 0
    suppressed_by_reason: dict[str, int] = field(default_factory=dict)
    handed_off: int = 0
    sent: int = 0
    failed: int = 0
    failed_by_reason: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    clicked: int = 0
    clicks: int = 0
    unsubscribed: int = 0


funnels = View("funnels", Funnel, key="campaign", version=1)


@funnels.on(
    MessagePlanned,
    MessageSuppressed,
    MessageHandedOff,
    MessageSent,
    MessageFailed,
    MessageUnknown,
    LinkClicked,
    Unsubscribed,
    keys=lambda e: e.fact.campaign,
)
def count(row: Funnel | None, e: Recorded[Any]) -> Funnel:  # noqa: PLR0911 (one case per fact)
    """Adds only, so it does not matter how messages come in between each other."""
    funnel = row or Funnel(e.fact.campaign)
    match e.fact:
        case MessagePlanned():
            return replace(funnel, planned=funnel.planned + 1)
        case MessageSuppressed(reason=reason):
            reasons = _one_more(funnel.suppressed_by_reason, reason)
            return replace(funnel, suppressed=funnel.suppressed + 1, suppressed_by_reason=reasons)
        case MessageHandedOff():
            return replace(funnel, handed_off=funnel.handed_off + 1)
        case MessageSent():
            return replace(funnel, sent=funnel.sent + 1)
        case MessageFailed(reason=reason):
            return replace(
                funnel, failed=funnel.failed + 1, failed_by_reason=_one_more(funnel.failed_by_reason, reason)
            )
        case MessageUnknown():
            return replace(funnel, unknown=funnel.unknown + 1)
        case LinkClicked(again=again):
            return replace(funnel, clicks=funnel.clicks + 1, clicked=funnel.clicked + (0 if again else 1))
        case _:
            return replace(funnel, unsubscribed=funnel.unsubscribed + 1)


def _one_more(counts: dict[str, int], reason: str) -> dict[str, int]:
    return dict(sorted({**counts, reason: counts.get(reason, 0) + 1}.items()))


def funnel_of(db: Db, campaign: UUID) -> Funnel:
    """The funnel of a campaign; empty before there are messages."""
    return funnels.get(db, campaign) or Funnel(campaign)


def funnels_of(db: Db, campaigns: list[UUID]) -> dict[UUID, Funnel]:
    """The funnels of some campaigns."""
    known = {each.campaign: each for each in funnels.select(db, "campaign = ANY(%s)", (campaigns,))}
    return {each: known.get(each) or Funnel(each) for each in campaigns}
