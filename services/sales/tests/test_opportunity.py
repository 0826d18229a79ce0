"""Rules of opportunities."""

from datetime import date
from typing import Any
from uuid import UUID

from hypothesis import given as for_all
from hypothesis import strategies as st

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events import Money, summarise
from crm.events.sales import (
    OpportunityAmountChanged,
    OpportunityLost,
    OpportunityOpened,
    OpportunityReopened,
    OpportunityStageChanged,
    OpportunityWon,
    PipelineDefined,
    Stage,
)
from crm.sales.opportunity import change_amount, lose, open_opportunity, opportunities, reopen, win
from crm.sales.pipeline import AS_DELIVERED, pipelines
from crm.sales.probability import change_stage, reconsider

given = scenarios(opportunities)

ADA, LEAD = UUID(int=1), UUID(int=2)
PRICE = Money(1_200_000, "EUR")


def opened(**changes: Any) -> OpportunityOpened:
    fields: dict[str, Any] = {
        "contact": ADA,
        "title": "Twelve bikes",
        "amount": PRICE,
        "pipeline": "default",
        "pipeline_version": 0,
        "stage": "Prospecting",
        "probability": 10,
        "probability_overridden": False,
        "category": "pipeline",
    }
    return OpportunityOpened(**fields | changes)


won = OpportunityWon(amount=PRICE)
lost = OpportunityLost(amount=PRICE, reason="price", competitor="Initech")
in_proposal = OpportunityStageChanged(
    from_stage="Prospecting",
    to_stage="Proposal",
    pipeline_version=0,
    probability=50,
    probability_overridden=False,
    category="best case",
)
back_in_prospecting = OpportunityReopened(
    stage="Prospecting", pipeline_version=0, probability=10, probability_overridden=False, category="pipeline"
)


def test_an_opportunity_opens_in_the_first_stage_with_its_probability() -> None:
    given().when(open_opportunity, contact=ADA, title="Twelve bikes", amount=PRICE, pipeline=AS_DELIVERED).then(
        opened()
    )


def test_an_opportunity_may_open_further_on_with_its_own_probability_and_date() -> None:
    given().when(
        open_opportunity,
        contact=ADA,
        title="Twelve bikes",
        amount=PRICE,
        pipeline=AS_DELIVERED,
        stage="Negotiation",
        probability=70,
        close_on=date(2026, 3, 31),
    ).then(
        opened(
            stage="Negotiation",
            probability=70,
            probability_overridden=True,
            category="commit",
            close_on=date(2026, 3, 31),
        )
    )


def test_s1_an_opportunity_is_opened_once_per_lead() -> None:
    again = {"contact": ADA, "title": "Other", "amount": PRICE, "pipeline": AS_DELIVERED}
    given(opened(lead=LEAD)).when(open_opportunity, **again, lead=LEAD).then_nothing()
    given(opened(lead=LEAD)).when(open_opportunity, **again, lead=UUID(int=9)).then_rejected("already open")
    given(opened()).when(open_opportunity, **again).then_rejected("already open")


def test_an_amount_is_never_negative() -> None:
    debt = Money(-1, "EUR")
    given().when(open_opportunity, contact=ADA, title="Bikes", amount=debt, pipeline=AS_DELIVERED).then_rejected(
        "negative"
    )
    given(opened()).when(change_amount, amount=debt).then_rejected("negative")


def test_changing_the_amount_tells_what_it_was() -> None:
    more = Money(1_500_000, "EUR")
    given(opened()).when(change_amount, amount=more).then(OpportunityAmountChanged(was=PRICE, amount=more))
    given(opened()).when(change_amount, amount=PRICE).then_nothing()


def test_winning_fixes_the_amount() -> None:
    given(opened()).when(win).then(won)
    given(opened(), won).when(win).then_nothing()


def test_losing_tells_why_and_to_whom() -> None:
    given(opened()).when(lose, reason="price", competitor="Initech").then(lost)
    given(opened(), lost).when(lose, reason="price", competitor="Initech").then_nothing()
    given(opened(), lost).when(lose, reason="other").then_rejected("reopen it first")


def test_s2_won_is_certain_and_lost_is_hopeless() -> None:
    for end, probability, category in ((won, 100, "closed"), (lost, 0, "omitted")):
        deal = opportunities.fold([opened(), end])
        assert deal
        assert (deal.probability, deal.category) == (probability, category)


def test_s2_a_deal_that_has_ended_is_locked() -> None:
    for end in (won, lost):
        ended = given(opened(), end)
        ended.when(change_stage, pipeline=AS_DELIVERED, stage="Proposal").then_rejected("reopen it first")
        ended.when(reconsider, pipeline=AS_DELIVERED, probability=40).then_rejected("reopen it first")
        ended.when(change_amount, amount=Money(1, "EUR")).then_rejected("reopen it first")
    given(opened(), won).when(lose, reason="price").then_rejected("is won")
    given(opened(), lost).when(win).then_rejected("is lost")


def test_a_deal_is_reopened_where_it_ended() -> None:
    given(opened(), won).when(reopen, pipeline=AS_DELIVERED).then(back_in_prospecting)
    given(opened(), lost).when(reopen, pipeline=AS_DELIVERED).then(back_in_prospecting)
    given(opened()).when(reopen, pipeline=AS_DELIVERED).then_nothing()


def test_a_reopened_deal_can_end_differently() -> None:
    given(opened(), lost, back_in_prospecting).when(win).then(won)
    given(opened(), lost, back_in_prospecting).when(lose, reason="price", competitor="Initech").then(lost)


def test_a_reopened_deal_is_not_lost_to_anybody() -> None:
    deal = opportunities.fold([opened(), lost, back_in_prospecting])
    assert deal
    assert (deal.status, deal.lost_because, deal.lost_to) == ("open", None, None)


def test_s3_a_deal_is_reopened_where_its_old_stage_went() -> None:
    offer = Stage("Offer", 60, "best case")
    replaced = {each.name: "Offer" for each in AS_DELIVERED.stages}
    pipeline = pipelines.fold(
        [PipelineDefined(pipeline="default", pipeline_version=1, stages=(offer,), replaced=replaced)]
    )
    given(opened(), won).when(reopen, pipeline=pipeline).then(
        OpportunityReopened(
            stage="Offer", pipeline_version=1, probability=60, probability_overridden=False, category="best case"
        )
    )


def test_nothing_happens_to_an_opportunity_that_does_not_exist() -> None:
    given().when(win).then_rejected("no such opportunity", Unknown)
    given().when(lose, reason="price").then_rejected("no such opportunity", Unknown)
    given().when(reopen, pipeline=AS_DELIVERED).then_rejected("no such opportunity", Unknown)
    given().when(change_amount, amount=PRICE).then_rejected("no such opportunity", Unknown)


def test_an_opportunity_is_about_its_contact() -> None:
    state = opportunities.fold([opened()])
    assert state
    assert opportunities.about
    assert set(opportunities.about(UUID(int=7), state)) == {ADA}


def test_summaries_speak_of_money_and_stages() -> None:
    assert summarise(opened()) == "Opportunity opened: Twelve bikes, 12,000.00 EUR, in Prospecting"
    assert summarise(won) == "Won: 12,000.00 EUR"
    assert summarise(lost) == "Lost 12,000.00 EUR: price"
    assert summarise(in_proposal) == "Moved from Prospecting to Proposal, now at 50 %"


@for_all(st.integers(-1000, 1000), st.sampled_from([each.name for each in AS_DELIVERED.stages]))
def test_s2_an_open_deal_is_never_certain_either_way(probability: int, stage: str) -> None:
    deal = opportunities.fold([opened()])
    moved = change_stage(deal, pipeline=AS_DELIVERED, stage=stage, probability=probability)
    reconsidered = reconsider(deal, pipeline=AS_DELIVERED, probability=probability)
    for fact in (moved, reconsidered):
        after = opportunities.fold([opened(), fact] if fact else [opened()])
        assert after
        assert 1 <= after.probability <= 99
