"""What queries about numbers have in common: who may ask, for which days, and what every answer says (A1)."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeAlias

from fastapi import Query
from pydantic import AfterValidator

from crm.analytics.freshness import Source, freshness
from crm.chassis.auth import Agent, allowed
from crm.chassis.database import Database
from crm.chassis.http import part
from crm.chassis.people.fields import Moment
from crm.chassis.projection import View
from crm.chassis.settings import Settings

CanReadAnalytics = Annotated[Agent, allowed("analytics:read")]
Deployment = Annotated[Settings, part(Settings)]


def _day(given: date | datetime) -> date:
    return given.date() if isinstance(given, datetime) else given


Day: TypeAlias = Annotated[date | Moment, AfterValidator(_day)]
"""A day of UTC; a moment stands for the day it lies in."""
FirstDay: TypeAlias = Annotated[Day | None, Query(alias="from", description="The first day (UTC).")]
LastDay: TypeAlias = Annotated[Day | None, Query(alias="to", description="The last day (UTC), included.")]


@dataclass(frozen=True)
class Standing:
    """What a number is worth: how it is defined, when it was read (UTC), and how far its sources are behind."""

    definition: str
    as_of: datetime
    freshness: dict[str, Source]


def standing(db: Database, settings: Settings, *views: View[Any]) -> Standing:
    """The standing of numbers from some views; the first one defines them. Read it before the numbers."""
    definition = f"{views[0].family} v{views[0].version}"
    return Standing(definition, datetime.now(UTC), freshness(db, settings.kafka, views))
