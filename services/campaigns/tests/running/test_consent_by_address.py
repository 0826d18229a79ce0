"""What contacts allow for one address, for a time, or not at all, decides about their mails (M1, M2, C7)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from crm.campaigns.message import message_stream
from crm.chassis.log import EventLog
from crm.events import Fact
from crm.events.campaigns import MessageSuppressed
from crm.events.consents import (
    CallsRefused,
    ConsentExpired,
    ConsentGranted,
    ConsentRequested,
    ConsentWithdrawn,
    ProcessingRestricted,
    RestrictionLifted,
)

WORK, HOME = "ada@work.example", "ada@home.example"
THEN, LATER = datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 3, tzinfo=UTC)


def granted(contact: UUID, address: str | None = None, expires_at: datetime | None = None) -> Fact:
    return ConsentGranted(
        contact=contact,
        channel="email",
        purpose="marketing",
        wording_version="1",
        source="form",
        scope="address" if address else "channel",
        address=address,
        expires_at=expires_at,
    )


def withdrawn(contact: UUID, address: str | None = None) -> Fact:
    scope: Any = "address" if address else "channel"
    return ConsentWithdrawn(
        contact=contact, channel="email", purpose="marketing", source="form", scope=scope, address=address
    )


def requested(contact: UUID) -> Fact:
    return ConsentRequested(
        contact=contact,
        channel="email",
        purpose="marketing",
        wording_version="1",
        source="form",
        expires_at=datetime(2200, 1, 1, tzinfo=UTC),
    )


def restricted(contact: UUID) -> Fact:
    return ProcessingRestricted(contact=contact, source="letter")


def lifted(contact: UUID) -> Fact:
    return RestrictionLifted(contact=contact, source="letter")


def no_calls(contact: UUID) -> Fact:
    return CallsRefused(contact=contact, source="phone")


def expired(contact: UUID) -> Fact:
    return ConsentExpired(contact=contact, channel="email", purpose="marketing")


@pytest.fixture
def mailed(launch: Callable[..., UUID], people: Any, post_office: Any, log: EventLog) -> Callable[..., bool]:
    """Whether Ada, who said all this on streams of their own, gets a mail at work; each a day after the one before."""

    def mailed(*streams: tuple[Callable[..., Fact], ...]) -> bool:
        ada, day = people.register("Ada", WORK, HOME, agrees=False), THEN
        for facts in streams:
            stream = uuid4()
            for fact in facts:
                people.tell(stream, fact(ada), subject=ada, occurred_at=day)
                day += timedelta(days=1)
        campaign = launch()
        if not post_office.to(WORK):
            decided = log.stream(message_stream(campaign, ada))[-1].fact
            assert decided == MessageSuppressed(campaign=campaign, reason="no consent")
            return False
        return True

    return mailed


def at_work(fact: Callable[..., Fact]) -> Callable[[UUID], Fact]:
    return lambda contact: fact(contact, WORK)


def at_home(fact: Callable[..., Fact]) -> Callable[[UUID], Fact]:
    return lambda contact: fact(contact, HOME)


def until(moment: datetime) -> Callable[[UUID], Fact]:
    return lambda contact: granted(contact, expires_at=moment)


@pytest.mark.parametrize(
    ("streams", "expected"),
    [
        (((at_work(granted),),), True),
        (((at_home(granted),),), False),
        (((granted,), (at_work(withdrawn),)), False),
        (((granted,), (at_home(withdrawn),)), True),
        (((withdrawn,), (at_work(granted),)), True),
        (((at_work(granted),), (withdrawn,)), False),
        (((until(LATER),),), False),
        (((until(datetime(2200, 1, 1, tzinfo=UTC)),),), True),
        (((granted, expired),), False),
        (((granted, expired, granted),), True),
        (((requested,),), False),
        (((granted, requested),), True),
        (((withdrawn, requested),), False),
        (((granted,), (restricted,)), False),
        (((granted,), (restricted, lifted)), True),
        (((granted,), (no_calls,)), True),
    ],
)
def test_c7_who_gets_a_mail_at_an_address(
    mailed: Callable[..., bool], streams: tuple[tuple[Callable[..., Fact], ...], ...], expected: bool
) -> None:
    assert mailed(*streams) is expected
