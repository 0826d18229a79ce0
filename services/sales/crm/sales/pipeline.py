"""A pipeline: the stages deals move through. Its configuration is versioned, and history keeps old names (S3)."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import UUID, uuid5

from msgspec import Struct

from crm.chassis.decider import Aggregate, Rejected, Unknown
from crm.events.sales import PipelineDefined, Stage

Category: TypeAlias = Literal["pipeline", "best case", "commit", "closed", "omitted"]
OpenCategory: TypeAlias = Literal["pipeline", "best case", "commit"]
"""The forecast categories of deals that are still open."""

DEFAULT = "default"
_PIPELINES = UUID("6f1f3c1c-7d0f-5d0b-9a55-1f6f0f1f7a11")
_RESERVED = {"won", "lost"}


class Pipeline(Struct, frozen=True):
    """`replacements[n]` says where the deals of version n's vanished stages are in version n + 1."""

    name: str
    version: int
    stages: tuple[Stage, ...]
    replacements: tuple[Mapping[str, str], ...]

    @property
    def first(self) -> Stage:
        return self.stages[0]

    def stage(self, name: str) -> Stage:
        """A stage by its present name. Raises `Rejected` naming the stages there are."""
        for each in self.stages:
            if each.name == name:
                return each
        names = ", ".join(each.name for each in self.stages)
        raise Rejected(f"The pipeline {self.name} has no such stage. It has: {names}.", field="stage")

    def stage_now(self, name: str, version: int) -> Stage:
        """The present stage of a deal that was put into a stage under an earlier version (S3)."""
        return self.stage(self.name_now(name, version))

    def name_now(self, name: str, version: int) -> str:
        """What a stage of an earlier version is called now; a name this pipeline does not know stays as it is."""
        for replaced in self.replacements[version:]:
            name = replaced.get(name, name)
        return name


AS_DELIVERED = Pipeline(
    DEFAULT,
    version=0,
    stages=(
        Stage("Prospecting", 10, "pipeline"),
        Stage("Qualification", 20, "pipeline"),
        Stage("Proposal", 50, "best case"),
        Stage("Negotiation", 80, "commit"),
    ),
    replacements=(),
)
"""The default pipeline until somebody defines it differently."""


def pipeline_id(name: str) -> UUID:
    """The stream of a pipeline, by its name."""
    return uuid5(_PIPELINES, name)


def in_force(name: str, defined: Pipeline | None) -> Pipeline:
    """A pipeline as defined, or the default one as delivered. Raises `Unknown` if there is none of this name."""
    if defined is not None:
        return defined
    if name == DEFAULT:
        return AS_DELIVERED
    raise Unknown("There is no such pipeline.", field="pipeline")


def define(
    pipeline: Pipeline | None, *, name: str, stages: Sequence[Stage], replaced: Mapping[str, str]
) -> PipelineDefined | None:
    """Gives a pipeline its stages, in order. Every stage that is gone needs a replacement, for the deals in it (S3)."""
    before = pipeline or (AS_DELIVERED if name == DEFAULT else Pipeline(name, 0, (), ()))
    _check_stages(stages)
    if tuple(stages) == before.stages and not replaced:
        return None
    _check_replaced({each.name for each in before.stages}, {each.name for each in stages}, replaced)
    return PipelineDefined(
        pipeline=name, pipeline_version=before.version + 1, stages=tuple(stages), replaced=dict(replaced)
    )


def _check_stages(stages: Sequence[Stage]) -> None:
    names = [each.name.casefold() for each in stages]
    if not names:
        raise Rejected("A pipeline needs at least one stage.", field="stages")
    if len(set(names)) < len(names):
        raise Rejected("Two stages have the same name.", field="stages")
    if _RESERVED & set(names):
        raise Rejected("Won and Lost are how a deal ends. They cannot be stages.", field="stages")
    if any(not 1 <= each.probability <= 99 for each in stages):
        raise Rejected("An open deal is never certain: give every stage 1 to 99 per cent.", field="stages")


def _check_replaced(before: set[str], after: set[str], replaced: Mapping[str, str]) -> None:
    if unmapped := sorted(before - after - replaced.keys()):
        raise Rejected(f"Say which stage takes over the deals in: {', '.join(unmapped)}.", field="replaced")
    if needless := sorted(replaced.keys() - (before - after)):
        raise Rejected(f"Only a stage that is gone can be replaced, not: {', '.join(needless)}.", field="replaced")
    if missing := sorted(set(replaced.values()) - after):
        raise Rejected(f"Deals cannot go to stages that do not exist: {', '.join(missing)}.", field="replaced")


def evolve(pipeline: Pipeline | None, fact: PipelineDefined) -> Pipeline:
    # The version before the first definition is 0: what was delivered, or nothing.
    earlier = pipeline.replacements if pipeline else ()
    return Pipeline(fact.pipeline, fact.pipeline_version, fact.stages, (*earlier, fact.replaced))


pipelines = Aggregate("pipeline", PipelineDefined, evolve, about=None)
