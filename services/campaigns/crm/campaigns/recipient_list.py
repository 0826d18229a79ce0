"""The recipients of campaigns: who got a message and who did not, and why; one row per message."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.campaigns.message import MessageStatus
from crm.chassis.projection import Db, Page, PageRequest, Subject, View
from crm.events import Personal, Recorded
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
class RecipientRow:
    """`reason` is why it was suppressed or failed; `decided_at` when the status was reached. Times are UTC."""

    message: UUID
    campaign: UUID
    contact: Subject
    address: Personal[str | None]
    status: MessageStatus
    reason: str | None
    code: int | None
    planned_at: datetime
    decided_at: datetime | None
    clicks: int
    clicked_at: datetime | None
    unsubscribed_at: datetime | None


recipient_list = View(
    "recipient_list",
    RecipientRow,
    key="message",
    version=1,
    indexes=("campaign, planned_at, message", "campaign, status, planned_at, message"),
)


@recipient_list.on(MessagePlanned)
def add(_: RecipientRow | None, e: Recorded[MessagePlanned]) -> RecipientRow:
    return RecipientRow(
        message=e.stream,
        campaign=e.fact.campaign,
        contact=e.fact.contact,
        address=e.fact.address,
        status="planned",
        reason=None,
        code=None,
        planned_at=e.occurred_at,
        decided_at=None,
        clicks=0,
        clicked_at=None,
        unsubscribed_at=None,
    )


_STATUS: dict[type[Any], MessageStatus] = {
    MessageSuppressed: "suppressed",
    MessageHandedOff: "handed_off",
    MessageSent: "sent",
    MessageFailed: "failed",
    MessageUnknown: "unknown",
}


@recipient_list.on(MessageSuppressed, MessageFailed)
def explain(row: RecipientRow, e: Recorded[MessageSuppressed | MessageFailed]) -> RecipientRow:
    code = e.fact.code if isinstance(e.fact, MessageFailed) else None
    return replace(row, status=_STATUS[type(e.fact)], reason=e.fact.reason, code=code, decided_at=e.occurred_at)


@recipient_list.on(MessageHandedOff, MessageSent, MessageUnknown)
def move(row: RecipientRow, e: Recorded[MessageHandedOff | MessageSent | MessageUnknown]) -> RecipientRow:
    return replace(row, status=_STATUS[type(e.fact)], decided_at=e.occurred_at)


@recipient_list.on(LinkClicked)
def count_click(row: RecipientRow, e: Recorded[LinkClicked]) -> RecipientRow:
    return replace(row, clicks=row.clicks + 1, clicked_at=e.occurred_at)


@recipient_list.on(Unsubscribed)
def sign_off(row: RecipientRow, e: Recorded[Unsubscribed]) -> RecipientRow:
    return replace(row, unsubscribed_at=e.occurred_at)


def find(
    db: Db, campaign: UUID, page: PageRequest, *, status: MessageStatus | None, contacts: Sequence[UUID] | None
) -> Page[RecipientRow]:
    """Recipients of a campaign, as planned; only those with a status, or one person by all ids, where given."""
    wanted = {"status = %s": status, "contact = ANY(%s)": list(contacts) if contacts else None}
    asked = {condition: value for condition, value in wanted.items() if value is not None}
    where = " AND ".join(["campaign = %s", *asked])
    return recipient_list.page(db, where, (campaign, *asked.values()), order_by=("planned_at", "message"), page=page)
