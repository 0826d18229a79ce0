"""Rules of pipelines: versions, and where the deals of vanished stages go (S3)."""

from collections.abc import Mapping
from typing import Any

import pytest

from crm.chassis.decider import Rejected, Unknown
from crm.chassis.testing.scenarios import scenarios
from crm.events.sales import PipelineDefined, Stage
from crm.sales.pipeline import AS_DELIVERED, Pipeline, define, in_force, pipeline_id, pipelines

given = scenarios(pipelines)

TALK, OFFER, SIGN = Stage("Talk", 20, "pipeline"), Stage("Offer", 60, "best case"), Stage("Sign", 90, "commit")


def defined(version: int, *stages: Stage, **replaced: str) -> PipelineDefined:
    return PipelineDefined(pipeline="partners", pipeline_version=version, stages=stages, replaced=replaced)


def folded(*facts: PipelineDefined) -> Pipeline:
    pipeline = pipelines.fold(facts)
    assert pipeline
    return pipeline


def arguments(*stages: Stage, **replaced: str) -> Mapping[str, Any]:
    return {"name": "partners", "stages": stages, "replaced": replaced}


def test_s3_a_pipeline_starts_with_version_one() -> None:
    given().when(define, **arguments(TALK, OFFER)).then(defined(1, TALK, OFFER))


def test_s3_every_definition_is_a_new_version() -> None:
    given(defined(1, TALK, OFFER)).when(define, **arguments(TALK, OFFER, SIGN)).then(defined(2, TALK, OFFER, SIGN))


def test_s3_defining_the_same_again_does_nothing() -> None:
    given(defined(1, TALK, OFFER)).when(define, **arguments(TALK, OFFER)).then_nothing()


def test_s3_removing_a_stage_needs_a_replacement() -> None:
    given(defined(1, TALK, OFFER)).when(define, **arguments(OFFER)).then_rejected("deals in: Talk")
    given(defined(1, TALK, OFFER)).when(define, **arguments(OFFER, Talk="Offer")).then(defined(2, OFFER, Talk="Offer"))


def test_s3_renaming_a_stage_needs_a_replacement() -> None:
    chat = Stage("Chat", 20, "pipeline")
    given(defined(1, TALK)).when(define, **arguments(chat)).then_rejected("deals in: Talk")
    given(defined(1, TALK)).when(define, **arguments(chat, Talk="Chat")).then(defined(2, chat, Talk="Chat"))


def test_s3_a_replacement_must_exist_and_be_needed() -> None:
    given(defined(1, TALK)).when(define, **arguments(OFFER, Talk="Sign")).then_rejected("do not exist: Sign")
    given(defined(1, TALK)).when(define, **arguments(TALK, OFFER, Talk="Offer")).then_rejected("not: Talk")
    given().when(define, **arguments(TALK, Nothing="Talk")).then_rejected("not: Nothing")


def test_s3_a_deal_of_an_old_version_is_followed_to_its_stage_of_now() -> None:
    chat = Stage("Chat", 25, "pipeline")
    pipeline = folded(defined(1, TALK, OFFER), defined(2, chat, OFFER, Talk="Chat"), defined(3, OFFER, Chat="Offer"))
    assert pipeline.stage_now("Talk", version=1) == OFFER
    assert pipeline.stage_now("Chat", version=2) == OFFER
    assert pipeline.stage_now("Offer", version=1) == OFFER


def test_s3_a_name_that_comes_back_is_another_stage() -> None:
    again = Stage("Talk", 70, "commit")
    pipeline = folded(defined(1, TALK, OFFER), defined(2, OFFER, Talk="Offer"), defined(3, OFFER, again))
    assert pipeline.stage_now("Talk", version=1) == OFFER
    assert pipeline.stage_now("Talk", version=3) == again


def test_s3_the_default_pipeline_can_be_redefined_with_replacements() -> None:
    stages = (TALK, *AS_DELIVERED.stages[1:])
    when = given().when(define, name="default", stages=stages, replaced={})
    when.then_rejected("deals in: Prospecting")
    fact = PipelineDefined(pipeline="default", pipeline_version=1, stages=stages, replaced={"Prospecting": "Talk"})
    given().when(define, name="default", stages=stages, replaced={"Prospecting": "Talk"}).then(fact)
    assert folded(fact).stage_now("Prospecting", version=0) == TALK


def test_the_default_pipeline_is_delivered() -> None:
    delivered = [(each.name, each.probability) for each in in_force("default", None).stages]
    assert delivered == [("Prospecting", 10), ("Qualification", 20), ("Proposal", 50), ("Negotiation", 80)]
    with pytest.raises(Unknown, match="no such pipeline"):
        in_force("partners", None)


@pytest.mark.parametrize(
    ("stages", "words"),
    [
        ((), "at least one"),
        ((TALK, Stage("talk", 30, "pipeline")), "same name"),
        ((Stage("Won", 99, "commit"),), "cannot be stages"),
        ((Stage("Sure", 100, "commit"),), "1 to 99"),
        ((Stage("Never", 0, "pipeline"),), "1 to 99"),
    ],
)
def test_a_definition_must_make_sense(stages: tuple[Stage, ...], words: str) -> None:
    given().when(define, **arguments(*stages)).then_rejected(words)


def test_a_stage_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(Rejected, match="Prospecting, Qualification, Proposal, Negotiation"):
        AS_DELIVERED.stage("Signing")


def test_a_pipeline_has_one_stream_per_name() -> None:
    assert pipeline_id("default") == pipeline_id("default") != pipeline_id("partners")
