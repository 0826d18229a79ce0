"""How likely a deal is (S2)."""

from typing import Any
from uuid import UUID

from crm.chassis.decider import Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events import Money
from crm.events.sales import (
    OpportunityOpened,
    OpportunityProbabilityChanged,
    OpportunityStageChanged,
    PipelineDefined,
    Stage,
)
from crm.sales.opportunity import opportunities
from crm.sales.pipeline import AS_DELIVERED, Pipeline, pipelines
from crm.sales.probability import change_stage, reconsider

given = scenarios(opportunities)

opened = OpportunityOpened(
    contact=UUID(int=1),
    title="Twelve bikes",
    amount=Money(1_200_000, "EUR"),
    pipeline="default",
    pipeline_version=0,
    stage="Prospecting",
    probability=10,
    probability_overridden=False,
    category="pipeline",
)
overridden = OpportunityProbabilityChanged(was=10, probability=35, overridden=True)


def moved(to_stage: str, probability: int, category: str, *, overridden: bool = False) -> OpportunityStageChanged:
    return OpportunityStageChanged(
        from_stage="Prospecting",
        to_stage=to_stage,
        pipeline_version=0,
        probability=probability,
        probability_overridden=overridden,
        category=category,
    )


def renamed() -> Pipeline:
    """The default pipeline after Prospecting was renamed to First call and made likelier."""
    stages = (Stage("First call", 15, "pipeline"), *AS_DELIVERED.stages[1:])
    fact = PipelineDefined(
        pipeline="default", pipeline_version=1, stages=stages, replaced={"Prospecting": "First call"}
    )
    pipeline = pipelines.fold([fact])
    assert pipeline
    return pipeline


def test_s2_the_probability_follows_the_stage() -> None:
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Proposal").then(moved("Proposal", 50, "best case"))


def test_s2_an_override_is_flagged() -> None:
    given(opened).when(reconsider, pipeline=AS_DELIVERED, probability=35).then(overridden)
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Proposal", probability=65).then(
        moved("Proposal", 65, "best case", overridden=True)
    )


def test_s2_an_override_that_equals_the_default_is_an_override_still() -> None:
    given(opened).when(reconsider, pipeline=AS_DELIVERED, probability=10).then(
        OpportunityProbabilityChanged(was=10, probability=10, overridden=True)
    )


def test_s2_an_override_is_dropped_on_a_stage_change() -> None:
    given(opened, overridden).when(change_stage, pipeline=AS_DELIVERED, stage="Negotiation").then(
        moved("Negotiation", 80, "commit")
    )


def test_s2_an_override_is_kept_on_a_stage_change_if_chosen() -> None:
    given(opened, overridden).when(
        change_stage, pipeline=AS_DELIVERED, stage="Negotiation", keep_probability=True
    ).then(moved("Negotiation", 35, "commit", overridden=True))


def test_s2_where_nothing_was_overridden_there_is_nothing_to_keep() -> None:
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Negotiation", keep_probability=True).then(
        moved("Negotiation", 80, "commit")
    )


def test_s2_an_override_is_taken_back() -> None:
    given(opened, overridden).when(reconsider, pipeline=AS_DELIVERED, probability=None).then(
        OpportunityProbabilityChanged(was=35, probability=10, overridden=False)
    )
    given(opened).when(reconsider, pipeline=AS_DELIVERED, probability=None).then_nothing()


def test_moving_to_where_the_deal_is_does_nothing_unless_a_probability_is_given() -> None:
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Prospecting").then_nothing()
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Prospecting", probability=35).then(overridden)


def test_a_deal_moves_only_to_stages_that_exist() -> None:
    given(opened).when(change_stage, pipeline=AS_DELIVERED, stage="Signing").then_rejected("no such stage")


def test_s2_s3_a_new_version_of_the_pipeline_does_not_recompute_open_deals() -> None:
    deal = opportunities.fold([opened])
    assert deal
    assert deal.probability == 10
    given(opened).when(change_stage, pipeline=renamed(), stage="First call").then_nothing()
    given(opened).when(reconsider, pipeline=renamed(), probability=None).then(
        OpportunityProbabilityChanged(was=10, probability=15, overridden=False)
    )


def test_s3_history_keeps_the_old_name_of_a_stage() -> None:
    decided: Any = given(opened).when(change_stage, pipeline=renamed(), stage="Proposal").decided
    assert (decided[0].from_stage, decided[0].to_stage, decided[0].pipeline_version) == ("Prospecting", "Proposal", 1)


def test_nobody_judges_a_deal_that_does_not_exist() -> None:
    given().when(reconsider, pipeline=AS_DELIVERED, probability=5).then_rejected("no such opportunity", Unknown)
