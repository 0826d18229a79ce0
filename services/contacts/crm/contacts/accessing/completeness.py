"""Whether the history holds everything: facts per service, and how far the history has read each (I12)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from crm.chassis.database import Database
from crm.chassis.kafka import end_offsets, find_topic, topic_of
from crm.chassis.projection import Mark
from crm.chassis.projection.health import FeedHealth, feeds
from crm.contacts.history import history
from crm.events import Position, catalogue

SERVICES = tuple(catalogue.MODULES)

Ends = Callable[[str], Mapping[int, Mark]]

_COUNTS = f"""
    SELECT service, count(DISTINCT (stream, version)) FROM {history.name}
    WHERE contact_id = ANY(%s) AND recorded_at <= %s GROUP BY service
"""


@dataclass(frozen=True)
class Count:
    """How many facts of one service are about a person. `complete` is None where that cannot be told now."""

    service: str
    facts: int
    complete: bool | None


def ends_at(kafka: str) -> Ends | None:
    """Where the topics of other services end now; None without Kafka."""
    if not kafka:
        return None

    def ends(service: str) -> Mapping[int, Mark]:
        topic = topic_of(service)
        if find_topic(kafka, topic) is None:
            return {}
        return {shard: Position(0, 0, end) for shard, end in end_offsets(kafka, topic).items()}

    return ends


def counts(db: Database, contact_ids: Sequence[UUID], made_at: datetime, ends: Ends | None) -> tuple[Count, ...]:
    """The facts about a person per service, and whether the history has read all that the service had published."""
    with db.connection() as connection:
        found = dict(connection.execute(_COUNTS.encode(), (list(contact_ids), made_at)).fetchall())
        read = {each.source: each for each in feeds(connection, "contacts", ends) if each.name == history.name}
    return tuple(Count(each, found.get(each, 0), _has_read(read.get(each))) for each in SERVICES)


def _has_read(feed: FeedHealth | None) -> bool | None:
    if feed is None or feed.state != "running" or feed.parked or feed.queued:
        return False
    return None if feed.lag_facts is None else feed.lag_facts == 0
