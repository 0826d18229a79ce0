"""How likely a deal is: what its stage says, unless somebody judged otherwise (S2)."""

from crm.events.sales import OpportunityProbabilityChanged, OpportunityStageChanged
from crm.sales.opportunity import Opportunity, clamped, still_open
from crm.sales.pipeline import Pipeline


def change_stage(
    opportunity: Opportunity | None,
    *,
    pipeline: Pipeline,
    stage: str,
    probability: int | None = None,
    keep_probability: bool = False,
) -> OpportunityStageChanged | OpportunityProbabilityChanged | None:
    """Moves a deal. Its probability becomes the stage's, unless one is given or an override is kept on purpose (S2)."""
    deal = still_open(opportunity)
    to = pipeline.stage(stage)
    if to == pipeline.stage_now(deal.stage, deal.pipeline_version):
        return None if probability is None else reconsider(deal, pipeline=pipeline, probability=probability)
    if probability is None and keep_probability and deal.probability_overridden:
        probability = deal.probability
    return OpportunityStageChanged(
        from_stage=deal.stage,
        to_stage=to.name,
        pipeline_version=pipeline.version,
        probability=clamped(to.probability if probability is None else probability),
        probability_overridden=probability is not None,
        category=to.category,
    )


def reconsider(
    opportunity: Opportunity | None, *, pipeline: Pipeline, probability: int | None
) -> OpportunityProbabilityChanged | None:
    """Overrides the probability of a deal; with None it goes back to what the stage says (S2)."""
    deal = still_open(opportunity)
    stage = pipeline.stage_now(deal.stage, deal.pipeline_version)
    becomes = clamped(stage.probability if probability is None else probability)
    overridden = probability is not None
    if (becomes, overridden) == (deal.probability, deal.probability_overridden):
        return None
    return OpportunityProbabilityChanged(was=deal.probability, probability=becomes, overridden=overridden)
