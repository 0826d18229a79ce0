"""Milestones and the funnel that is made of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.analytics.funnel import CampaignFunnel, Steps, find
from crm.analytics.milestones import Milestone, milestones
from crm.analytics.service import service
from crm.chassis.database import Database
from crm.chassis.testing.views import recorded
from crm.events import Fact, Money, Recorded
from crm.events.campaigns import Audience, CampaignPlanned, LinkClicked, MessageSent
from crm.events.contacts import ContactErased, ContactIdentified, ContactRegistered
from crm.events.sales import OpportunityLost, OpportunityOpened, OpportunityReopened, OpportunityWon

NEWS, SALE = UUID(int=1), UUID(int=2)
ada, bob, cyd = (UUID(int=each) for each in (11, 12, 13))
PRICE = Money(100, "EUR")
NOBODY = Steps(0, 0, 0, 0)

won = OpportunityWon(amount=PRICE)


class Ear(Protocol):
    def tell(self, *facts: Fact, **more: Any) -> UUID: ...


def opened(contact: UUID) -> OpportunityOpened:
    return OpportunityOpened(
        contact=contact,
        title="Canary",
        amount=PRICE,
        pipeline="default",
        pipeline_version=0,
        stage="Prospecting",
        probability=10,
        probability_overridden=False,
        category="pipeline",
    )


class Story:
    """What happens with people, in hours."""

    def __init__(self, ear: Ear, db: Database) -> None:
        self.ear, self.db = ear, db

    def mail(
        self, contact: UUID, campaign: UUID = NEWS, *, sent: float | None = 0, clicked: float | None = None
    ) -> None:
        stream = uuid4()
        if sent is not None:
            self.ear.tell(MessageSent(campaign=campaign), stream=stream, about=(contact,), hours=sent)
        if clicked is not None:
            click = LinkClicked(campaign=campaign, link=1, url="https://shop.example")
            self.ear.tell(click, stream=stream, about=(contact,), hours=clicked)

    def deal(self, contact: UUID, *, at: float, won_at: float | None = None) -> UUID:
        stream = self.ear.tell(opened(contact), about=(contact,), hours=at)
        if won_at is not None:
            self.ear.tell(won, stream=stream, about=(contact,), hours=won_at)
        return stream

    def overall(self, **asked: Any) -> Steps:
        return find(self.db, **asked).overall


@pytest.fixture
def story(ear: Ear, db: Database) -> Story:
    return Story(ear, db)


def test_people_are_counted_as_far_as_they_came(story: Story) -> None:
    story.mail(ada, clicked=1)
    story.deal(ada, at=2, won_at=3)
    story.mail(bob, clicked=1)
    story.mail(cyd)
    assert story.overall() == Steps(3, 2, 1, 1)


def test_per_campaign_and_overall_where_nobody_counts_twice(story: Story) -> None:
    name = CampaignPlanned(name="News", subject="s", text="t", purpose="marketing", audience=Audience())
    story.ear.tell(name, stream=NEWS)
    story.mail(ada, NEWS, clicked=1)
    story.mail(ada, SALE)
    story.mail(bob, SALE, clicked=1)
    story.deal(ada, at=2)
    found = find(story.db)
    assert found.overall == Steps(2, 2, 1, 0)
    assert found.campaigns == (
        CampaignFunnel(NEWS, "News", Steps(1, 1, 1, 0)),
        CampaignFunnel(SALE, None, Steps(2, 1, 0, 0)),
    )
    only = find(story.db, campaign=SALE)
    assert (only.overall, [each.campaign for each in only.campaigns]) == (Steps(2, 1, 0, 0), [SALE])


def test_without_any_facts_everything_is_zero(story: Story) -> None:
    assert (find(story.db).overall, find(story.db).campaigns) == (NOBODY, ())
    assert find(story.db, campaign=uuid4()).overall == NOBODY


def test_what_came_before_the_click_is_not_what_it_led_to(story: Story) -> None:
    old = story.deal(ada, at=-5)
    story.mail(ada, clicked=1)
    story.ear.tell(won, stream=old, about=(ada,), hours=2)
    assert story.overall() == Steps(1, 1, 0, 0)
    story.deal(ada, at=1)
    assert story.overall() == Steps(1, 1, 1, 0)


def test_who_did_not_click_did_not_come_further(story: Story) -> None:
    story.mail(ada)
    story.deal(ada, at=1, won_at=2)
    assert story.overall() == Steps(1, 0, 0, 0)


def test_a_click_shows_that_a_mail_was_sent(story: Story) -> None:
    """Of a mail handed off without an answer nobody knows, until somebody clicks (M15)."""
    story.mail(ada, sent=None, clicked=1)
    assert story.overall() == Steps(1, 1, 0, 0)


def test_a_deal_once_won_counts_whatever_becomes_of_it(story: Story) -> None:
    story.mail(ada, clicked=0)
    deal = story.deal(ada, at=1, won_at=2)
    back = OpportunityReopened(
        stage="Proposal", pipeline_version=1, probability=50, probability_overridden=False, category="pipeline"
    )
    story.ear.tell(back, OpportunityLost(amount=PRICE, reason="price"), stream=deal, about=(ada,), hours=3)
    assert story.overall() == Steps(1, 1, 1, 1)


def test_days_choose_by_the_first_mail(story: Story) -> None:
    story.mail(ada, clicked=30)
    story.mail(ada, sent=48)
    story.mail(bob, sent=24)
    story.deal(ada, at=100, won_at=200)
    assert story.overall(first=date(2026, 3, 1), last=date(2026, 3, 1)) == Steps(1, 1, 1, 1)
    assert story.overall(first=date(2026, 3, 2)) == Steps(1, 0, 0, 0)
    assert story.overall(last=date(2026, 2, 28)) == NOBODY


def test_a8_several_ids_of_a_person_count_once_and_facts_stay_under_theirs(story: Story) -> None:
    web, older = UUID(int=21), UUID(int=22)
    story.mail(ada)
    story.mail(web, clicked=1)
    story.deal(older, at=2, won_at=3)
    assert story.overall() == Steps(2, 1, 0, 0)
    story.ear.tell(ContactIdentified(holder=older), stream=web, about=(web, older))
    assert story.overall() == Steps(2, 1, 1, 1)
    story.ear.tell(ContactIdentified(holder=ada), stream=older, about=(older, ada))
    assert story.overall() == Steps(1, 1, 1, 1)
    assert {each.contact_id for each in milestones.select(story.db)} == {ada, web, older}


def test_a10_counts_survive_an_erasure_and_keep_nothing_of_the_person(story: Story) -> None:
    story.ear.tell(ContactRegistered(name="Canary"), stream=ada, about=(ada,))
    story.mail(ada, clicked=1)
    story.deal(ada, at=2, won_at=3)
    before = find(story.db)
    story.ear.tell(ContactErased(), stream=ada, about=(ada,))
    assert find(story.db) == before
    with story.db.connection() as connection:
        for view in service.views:
            assert view.table.rows.blanks == {}
            rows = connection.execute(f"SELECT t::text FROM {view.table.name} AS t".encode()).fetchall()
            assert "Canary" not in str(rows)


def test_a_milestone_is_the_first_of_its_kind() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    later = recorded(uuid4(), MessageSent(campaign=NEWS), contact_ids=(ada,), occurred_at=noon + timedelta(hours=1))
    first = recorded(uuid4(), MessageSent(campaign=NEWS), contact_ids=(ada,), occurred_at=noon)
    assert list(milestones.fold([later, first, later]).values()) == [Milestone(ada, "sent", NEWS, noon)]


PEOPLE, CAMPAIGNS = st.sampled_from((ada, bob)), st.sampled_from((NEWS, SALE))
HOURS = st.integers(0, 5)


@st.composite
def lives(draw: st.DrawFn) -> list[Recorded[Fact]]:
    """One stream: a message that is sent and clicked, or a deal that is opened and won, at any times."""
    contact, stream = draw(PEOPLE), draw(st.uuids())
    facts: tuple[Fact, ...] = (opened(contact), won, won)
    if draw(st.booleans()):
        campaign = draw(CAMPAIGNS)
        click = LinkClicked(campaign=campaign, link=1, url="https://shop.example")
        facts = (MessageSent(campaign=campaign), click, click)
    moments = [datetime(2026, 3, 1, draw(HOURS), tzinfo=UTC) for _ in facts]
    return [
        recorded(stream, fact, version, occurred_at=moment, contact_ids=(contact,))
        for version, (fact, moment) in enumerate(zip(facts, moments, strict=True), start=1)
    ]


@given(st.data(), st.lists(lives(), max_size=6))
def test_a9_however_streams_interleave_the_milestones_are_the_same(
    data: st.DataObject, streams: list[list[Recorded[Fact]]]
) -> None:
    in_turn = [fact for stream in streams for fact in stream]
    order = data.draw(st.permutations([at for at, stream in enumerate(streams) for _ in stream]))
    following = [iter(stream) for stream in streams]
    interleaved = [next(following[at]) for at in order]
    assert milestones.fold(interleaved) == milestones.fold(in_turn)
