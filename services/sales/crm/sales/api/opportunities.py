"""Opportunities over HTTP."""

from functools import partial
from uuid import UUID, uuid4

from crm.chassis.http import (
    Created,
    IfMatch,
    Log,
    Page,
    PageQuery,
    ReadModel,
    Router,
    Streams,
    Versioned,
    Written,
    reads,
)
from crm.chassis.log import EventLog
from crm.chassis.people.fields import Moment, Report
from crm.sales import board as deals
from crm.sales.api.deals import (
    ChangeAmount,
    ChangeStage,
    Deal,
    DealCard,
    LoseOpportunity,
    OpenOpportunity,
    Reconsider,
    ReopenOpportunity,
    deal,
    deal_card,
)
from crm.sales.api.permissions import CanReadSales, CanSell
from crm.sales.api.pipelines import pipeline_in_force
from crm.sales.board import board
from crm.sales.opportunity import (
    OpportunityStatus,
    change_amount,
    lose,
    open_opportunity,
    opportunities,
    reopen,
    win,
)
from crm.sales.people import aliases, known_contacts, people
from crm.sales.pipeline import Pipeline
from crm.sales.probability import change_stage, reconsider

router = Router(prefix="/opportunities", tags=["opportunities"])


@router.post("")
def open_an_opportunity(body: OpenOpportunity, log: Log, streams: Streams, agent: CanSell) -> Created:
    command = partial(
        open_opportunity,
        contact=body.contact,
        title=body.title,
        amount=body.money,
        pipeline=pipeline_in_force(streams, body.pipeline),
        stage=body.stage,
        probability=body.probability,
        close_on=body.close_on,
    )
    written = log.execute(opportunities, uuid4(), command, occurred_at=body.occurred_at)
    return Created(written, "/opportunities/{id}")


@router.get("", dependencies=[reads(board, aliases, known_contacts)])
def list_opportunities(
    page: PageQuery,
    db: ReadModel,
    agent: CanReadSales,
    status: OpportunityStatus | None = None,
    contact: UUID | None = None,
    as_of: Moment | None = None,
) -> Page[DealCard]:
    """Deals, the newest first, now or as of a moment; `contact` may be any id of a person."""
    contacts = aliases.ids_of(db, contact) if contact else None
    found = deals.find(db, page, status=status, contacts=contacts, as_of=as_of)
    name_of = people.names(db, {each.contact for each in found.items})
    return Page(tuple(deal_card(each, name_of.get(each.contact)) for each in found.items), found.next)


@router.get("/{opportunity}")
def show_opportunity(
    opportunity: UUID, streams: Streams, agent: CanReadSales, as_of: Moment | None = None
) -> Versioned[Deal]:
    folded = streams.get(opportunities, opportunity, as_of=as_of)
    return Versioned(deal(opportunity, folded.state), folded.version, folded.token)


@router.post("/{opportunity}/stage")
def change_the_stage(
    opportunity: UUID, body: ChangeStage, log: Log, streams: Streams, agent: CanSell, expected: IfMatch
) -> Written:
    command = partial(
        change_stage,
        pipeline=_pipeline_of(streams, opportunity),
        stage=body.stage,
        probability=body.probability,
        keep_probability=body.keep_probability,
    )
    return log.execute(opportunities, opportunity, command, expected, occurred_at=body.occurred_at)


@router.post("/{opportunity}/probability")
def change_the_probability(
    opportunity: UUID, body: Reconsider, log: Log, streams: Streams, agent: CanSell, expected: IfMatch
) -> Written:
    command = partial(reconsider, pipeline=_pipeline_of(streams, opportunity), probability=body.probability)
    return log.execute(opportunities, opportunity, command, expected, occurred_at=body.occurred_at)


@router.post("/{opportunity}/amount")
def change_the_amount(opportunity: UUID, body: ChangeAmount, log: Log, agent: CanSell, expected: IfMatch) -> Written:
    command = partial(change_amount, amount=body.money)
    return log.execute(opportunities, opportunity, command, expected, occurred_at=body.occurred_at)


@router.post("/{opportunity}/win")
def win_opportunity(opportunity: UUID, log: Log, agent: CanSell, expected: IfMatch, body: Report = Report()) -> Written:
    return log.execute(opportunities, opportunity, win, expected, occurred_at=body.occurred_at)


@router.post("/{opportunity}/lose")
def lose_opportunity(opportunity: UUID, body: LoseOpportunity, log: Log, agent: CanSell, expected: IfMatch) -> Written:
    command = partial(lose, reason=body.reason, competitor=body.competitor, note=body.note)
    return log.execute(opportunities, opportunity, command, expected, occurred_at=body.occurred_at)


@router.post("/{opportunity}/reopen")
def reopen_opportunity(
    opportunity: UUID,
    log: Log,
    streams: Streams,
    agent: CanSell,
    expected: IfMatch,
    body: ReopenOpportunity = ReopenOpportunity(),
) -> Written:
    command = partial(reopen, pipeline=_pipeline_of(streams, opportunity), stage=body.stage)
    return log.execute(opportunities, opportunity, command, expected, occurred_at=body.occurred_at)


def _pipeline_of(streams: EventLog, opportunity: UUID) -> Pipeline:
    """The pipeline an opportunity moves through; it never changes to another one."""
    return pipeline_in_force(streams, streams.get(opportunities, opportunity).state.pipeline)
