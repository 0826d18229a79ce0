"""Campaigns and how their audience is resolved: rules without I/O."""

from uuid import UUID

from crm.campaigns.campaign import campaigns, check_running, complete, finish, plan, start
from crm.campaigns.resolution import advance, conclude, resolutions
from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events.campaigns import (
    Audience,
    AudienceResolved,
    CampaignCompleted,
    CampaignPlanned,
    CampaignStarted,
    RecipientsPlanned,
)

given = scenarios(campaigns)
resolving = scenarios(resolutions)
what = {
    "name": "Spring",
    "subject": "{first_name}, news",
    "text": "Dear {name}, see https://shop.example",
    "purpose": "marketing",
    "audience": Audience(country="DE"),
}
planned = CampaignPlanned(**what)  # type: ignore[arg-type]
started = CampaignStarted()
CAMPAIGN, ADA = UUID(int=5), UUID(int=1)


def test_a_campaign_is_planned_once() -> None:
    given().when(plan, **what).then(planned)
    given(planned).when(plan, **what).then_rejected("already planned")


def test_an_unknown_field_is_refused_when_planning() -> None:
    given().when(plan, **what | {"text": "Dear {nickname}"}).then_rejected("no such field")
    given().when(plan, **what | {"subject": "{nickname}"}).then_rejected("no such field")


def test_it_starts_once_and_never_again_after_its_end() -> None:
    given(planned).when(start).then(started)
    given(planned, started).when(start).then_nothing()
    given(planned, CampaignCompleted(outcome="stopped")).when(start).then_rejected("Plan a new one")
    given().when(start).then_rejected("no such campaign", Unknown)


def test_it_is_finished_by_itself_or_stopped_by_hand_whatever_comes_first() -> None:
    finished, stopped = CampaignCompleted(outcome="finished"), CampaignCompleted(outcome="stopped")
    given(planned, started).when(finish).then(finished)
    given(planned, started).when(complete).then(stopped)
    given(planned, started, stopped).when(finish).then_nothing()
    given(planned, started, finished).when(complete).then_nothing()
    given(planned).when(complete).then(stopped)
    given(planned).when(finish).then_nothing()


def test_messages_are_planned_only_while_it_runs() -> None:
    given(planned, started).when(check_running).then_nothing()
    given(planned).when(check_running).then_rejected("not running")


def test_resolving_an_audience_goes_step_by_step_and_ends_once() -> None:
    step = RecipientsPlanned(campaign=CAMPAIGN, messages=2, through=ADA)
    resolving().when(advance, campaign=CAMPAIGN, messages=2, through=ADA).then(step)
    resolving(step, step).when(conclude, campaign=CAMPAIGN).then(AudienceResolved(campaign=CAMPAIGN, messages=4))
    resolving().when(conclude, campaign=CAMPAIGN).then(AudienceResolved(campaign=CAMPAIGN, messages=0))
    resolving(AudienceResolved(campaign=CAMPAIGN, messages=0)).when(conclude, campaign=CAMPAIGN).then_nothing()
