"""The live window over HTTP: touchpoints per minute of the last hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from crm.analytics.api.fields import CanReadAnalytics, Deployment
from crm.analytics.live_counts import LiveSource, read
from crm.analytics.window import MINUTES
from crm.chassis.http import Router, Tables

router = Router(prefix="/live", tags=["live"])

State: TypeAlias = Literal["live", "catching up", "stale", "not running", "no kafka"]

SILENT_AFTER = timedelta(seconds=20)
"""Kafka answers the worker every two seconds, and that is written down every five."""
NOTES: Mapping[State, str] = {
    "live": "Counted as it happens.",
    "catching up": "Some facts are not counted yet.",
    "stale": "Kafka, or the worker that counts, has been silent for a while: the latest minutes are incomplete.",
    "not running": "Nobody has counted in the last hour: start the role `live`.",
    "no kafka": "Kafka is not configured, so nothing is counted.",
}


@dataclass(frozen=True)
class Minute:
    """Touchpoints recorded in one minute (UTC), by service; services without any are left out."""

    minute: datetime
    total: int
    by_service: dict[str, int]


@dataclass(frozen=True)
class LiveAnswer:
    """The last hour, oldest minute first; the last one is still going on. `note` says in words what `state` means."""

    as_of: datetime
    state: State
    note: str
    freshness: dict[str, LiveSource]
    total: int
    by_service: dict[str, int]
    minutes: tuple[Minute, ...]


@router.get("")
def get_live(db: Tables, settings: Deployment, agent: CanReadAnalytics) -> LiveAnswer:
    """Touchpoints (facts about a contact) per minute by service, by when they were recorded."""
    now = datetime.now(UTC)
    counts, sources = read(db, now) if settings.kafka else ({}, {})
    state = _state(sources, now) if settings.kafka else "no kafka"
    totals: dict[str, int] = {}
    for (service, _), touchpoints in sorted(counts.items()):
        totals[service] = totals.get(service, 0) + touchpoints
    return LiveAnswer(now, state, NOTES[state], sources, sum(totals.values()), totals, _minutes(counts, now))


def _state(sources: Mapping[str, LiveSource], now: datetime) -> State:
    if not sources:
        return "not running"
    if min(each.answered_at for each in sources.values()) < now - SILENT_AFTER:
        return "stale"
    return "catching up" if any(each.lag_facts for each in sources.values()) else "live"


def _minutes(counts: Mapping[tuple[str, datetime], int], now: datetime) -> tuple[Minute, ...]:
    last = now.replace(second=0, microsecond=0)
    by_minute: dict[datetime, dict[str, int]] = {last - timedelta(minutes=ago): {} for ago in range(MINUTES)}
    for (service, minute), touchpoints in sorted(counts.items()):
        by_minute[minute][service] = touchpoints
    return tuple(Minute(each, sum(some.values()), some) for each, some in reversed(by_minute.items()))
