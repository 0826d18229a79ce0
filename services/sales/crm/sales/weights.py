"""What the stages of a pipeline weigh: amounts, and amounts times probability, per currency (S4)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from crm.chassis.database import Database
from crm.chassis.projection.history import VALID_AT
from crm.events import Money
from crm.sales.board import board
from crm.sales.opportunity import OpportunityStatus
from crm.sales.pipeline import Pipeline


class Tally(NamedTuple):
    """The cards of one stage, version and currency; `weighted` is the sum of amount times per cent."""

    status: OpportunityStatus
    stage: str
    pipeline_version: int
    currency: str
    deals: int
    amount: Decimal
    weighted: Decimal


@dataclass(frozen=True)
class Weight:
    """Deals in one currency: how many, their sum, and their sum by probability; in major units."""

    currency: str
    deals: int
    amount: Decimal
    weighted: Decimal


@dataclass(frozen=True)
class StageWeights:
    """One column of the board. A stage that is not part of this version of the pipeline has no probability."""

    stage: str
    probability: int | None
    category: str | None
    weights: tuple[Weight, ...]


@dataclass(frozen=True)
class PipelineWeights:
    """The board: the open deals by stage and in all, and those that have ended. `as_of` is UTC; None is now."""

    pipeline: str
    pipeline_version: int
    as_of: datetime | None
    stages: tuple[StageWeights, ...]
    open: tuple[Weight, ...]
    won: tuple[Weight, ...]
    lost: tuple[Weight, ...]


def weigh(db: Database, pipeline: Pipeline, as_of: datetime | None) -> PipelineWeights:
    """The board of a pipeline, now or at a moment."""
    return arrange(pipeline, tally(db, pipeline.name, as_of), as_of)


def tally(db: Database, pipeline: str, as_of: datetime | None) -> list[Tally]:
    """Adds the cards up in the database."""
    params: list[object] = [pipeline]
    table, where = board.table.name, "pipeline = %s"
    if as_of is not None:
        assert board.history
        table, where, params = board.history.table.name, f"{where} AND {VALID_AT}", [pipeline, as_of, as_of]
    statement = (
        "SELECT status, stage, pipeline_version, currency, count(*), sum(amount), sum(amount * probability)"
        f" FROM {table} WHERE {where} GROUP BY status, stage, pipeline_version, currency"
    )
    with db.connection() as connection:
        return [Tally(*row) for row in connection.execute(statement.encode(), params)]


def arrange(pipeline: Pipeline, tallies: Iterable[Tally], as_of: datetime | None = None) -> PipelineWeights:
    """Puts tallies into the columns of a pipeline. Deals of a renamed or removed stage are where it went (S3)."""
    by_stage: dict[str, list[Tally]] = {each.name: [] for each in pipeline.stages}
    by_status: dict[str, list[Tally]] = defaultdict(list)
    for each in tallies:
        by_status[each.status].append(each)
        if each.status == "open":
            by_stage.setdefault(pipeline.name_now(each.stage, each.pipeline_version), []).append(each)
    known = {each.name: each for each in pipeline.stages}
    return PipelineWeights(
        pipeline=pipeline.name,
        pipeline_version=pipeline.version,
        as_of=as_of,
        stages=tuple(
            StageWeights(
                stage=name,
                probability=known[name].probability if name in known else None,
                category=known[name].category if name in known else None,
                weights=_weights(members),
            )
            for name, members in by_stage.items()
        ),
        open=_weights(by_status["open"]),
        won=_weights(by_status["won"]),
        lost=_weights(by_status["lost"]),
    )


def _weights(tallies: Iterable[Tally]) -> tuple[Weight, ...]:
    by_currency: dict[str, list[Tally]] = defaultdict(list)
    for each in tallies:
        by_currency[each.currency].append(each)
    return tuple(_weight(currency, by_currency[currency]) for currency in sorted(by_currency))


def _weight(currency: str, tallies: list[Tally]) -> Weight:
    # Rounded once, after all is added: the parts may differ from the whole by a minor unit, the whole is right.
    weighted = sum((each.weighted for each in tallies), Decimal()) / 100
    return Weight(
        currency=currency,
        deals=sum(each.deals for each in tallies),
        amount=sum((each.amount for each in tallies), Decimal()),
        weighted=Money.of(weighted, currency).amount,
    )
