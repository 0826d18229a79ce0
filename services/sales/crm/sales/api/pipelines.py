"""Pipelines over HTTP: their configuration, and the board with what each stage weighs."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, TypeAlias

from fastapi import Path
from pydantic import BaseModel, Field, StringConstraints

from crm.chassis.decider import Unknown
from crm.chassis.http import IfMatch, Log, ReadModel, Router, Streams, Versioned, Written, reads
from crm.chassis.log import EventLog
from crm.chassis.people.fields import Line, Moment
from crm.events.sales import Stage
from crm.sales.api.permissions import CanConfigureSales, CanReadSales
from crm.sales.board import board
from crm.sales.pipeline import DEFAULT, OpenCategory, Pipeline, define, in_force, pipeline_id, pipelines
from crm.sales.weights import PipelineWeights, weigh

router = Router(tags=["pipelines"])

PipelineName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]


class DefineStage(BaseModel, extra="forbid"):
    """One stage; the probability, in per cent, is what its deals get by default."""

    name: Line
    probability: int = Field(ge=1, le=99)
    category: OpenCategory = "pipeline"


class DefinePipeline(BaseModel, extra="forbid"):
    """All stages, in order. `replaced` names for each stage that is gone the one that takes over its deals (S3)."""

    stages: list[DefineStage] = Field(min_length=1, max_length=50)
    replaced: dict[Line, Line] = Field(default={}, examples=[{"Prospecting": "First call"}])


@dataclass(frozen=True)
class StageAnswer:
    name: str
    probability: int
    category: str


@dataclass(frozen=True)
class PipelineAnswer:
    """A pipeline as configured; version 0 is the default one as delivered."""

    name: str
    version: int
    stages: tuple[StageAnswer, ...]


@router.put("/pipelines/{name}")
def define_pipeline(
    name: Annotated[PipelineName, Path()], body: DefinePipeline, log: Log, agent: CanConfigureSales, expected: IfMatch
) -> Written:
    stages = [Stage(each.name, each.probability, each.category) for each in body.stages]
    command = partial(define, name=name, stages=stages, replaced=body.replaced)
    return log.execute(pipelines, pipeline_id(name), command, expected)


@router.get("/pipelines/{name}")
def show_pipeline(
    name: Annotated[PipelineName, Path()], streams: Streams, agent: CanReadSales, as_of: Moment | None = None
) -> Versioned[PipelineAnswer]:
    pipeline = pipeline_in_force(streams, name, as_of)
    stages = tuple(StageAnswer(each.name, each.probability, each.category) for each in pipeline.stages)
    token = f"{streams.service}/{pipeline_id(name)}:{pipeline.version}"
    return Versioned(PipelineAnswer(name, pipeline.version, stages), pipeline.version, token)


@router.get("/pipeline", dependencies=[reads(board)])
def show_board(
    db: ReadModel,
    streams: Streams,
    agent: CanReadSales,
    pipeline: PipelineName = DEFAULT,
    as_of: Moment | None = None,
) -> PipelineWeights:
    """The board of a pipeline by stage, now or as of a moment: amounts, and amounts by probability (S4)."""
    return weigh(db, pipeline_in_force(streams, pipeline, as_of), as_of)


def pipeline_in_force(streams: EventLog, name: str, as_of: datetime | None = None) -> Pipeline:
    """A pipeline as configured now or at a moment. Raises `Unknown`."""
    try:
        defined: Pipeline | None = streams.get(pipelines, pipeline_id(name), as_of=as_of).state
    except Unknown:
        defined = None
    return in_force(name, defined)
