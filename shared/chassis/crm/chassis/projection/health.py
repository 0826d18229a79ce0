"""How far subscribers are behind, and whether what they count adds up."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection

from crm.chassis.database import Database
from crm.chassis.log.reading import SETTLED
from crm.chassis.projection.consistency import Named
from crm.chassis.projection.delivery import Mark

COUNTED_UP_TO = 100_000
"""Facts behind are counted up to here; what is more reads as this."""

_FEEDS = """
    SELECT view_state.name, feeds.source, view_state.state, view_state.reason, feeds.feed,
        coalesce(sum(consumed), 0)::bigint, coalesce(sum(applied), 0)::bigint, coalesce(sum(repeats), 0)::bigint,
        coalesce(sum(unknown), 0)::bigint,
        (SELECT count(*) FROM parked WHERE parked.feed = feeds.feed AND state = 'parked'),
        (SELECT count(*) FROM parked WHERE parked.feed = feeds.feed AND state = 'queued'),
        (SELECT count(*) FROM parked WHERE parked.feed = feeds.feed AND state = 'discarded'),
        (SELECT count(DISTINCT stream) FROM parked WHERE parked.feed = feeds.feed AND state <> 'discarded'),
        coalesce(jsonb_object_agg(shard, number) FILTER (WHERE shard IS NOT NULL), '{}'),
        extract(epoch FROM now() - max(recorded_at))::float8
    FROM view_state JOIN feeds USING (view) LEFT JOIN checkpoints USING (feed)
    GROUP BY view_state.view, feeds.feed ORDER BY view_state.name, feeds.source
"""
_BEHIND = f"""
    SELECT count(*), coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float8 FROM (
        SELECT events.recorded_at FROM events
        WHERE (events.era, events.tx, events.notification_id) > (
            SELECT coalesce(max(era), 0)::integer, coalesce(max(tx), 0)::text::xid8, coalesce(max(number), 0)
            FROM checkpoints WHERE feed = %s) AND {SETTLED}
        ORDER BY events.era, events.tx, events.notification_id LIMIT {COUNTED_UP_TO}) AS later
"""


@dataclass(frozen=True)
class FeedHealth:
    """One subscriber's reading of one service. Lag is None where it cannot be told from here."""

    name: str
    source: str
    state: str
    reason: str | None
    consumed: int
    applied: int
    repeats: int
    unknown: int
    parked: int
    queued: int
    discarded: int
    blocked_streams: int
    lag_facts: int | None = None
    lag_s: float | None = None

    @property
    def adds_up(self) -> bool:
        """Invariant I7: what was consumed was applied, or is a repeat, or waits, or was given up by people."""
        return self.consumed == self.applied + self.repeats + self.parked + self.queued + self.discarded


def feeds(
    connection: Connection[Any], service: str, ends: Callable[[str], Mapping[int, Mark]] | None = None
) -> list[FeedHealth]:
    """The health of every feed in a service's database; `ends` tells where the topics of other services end."""
    found = []
    for row in connection.execute(_FEEDS.encode()).fetchall():
        name, source, state, reason, feed = row[:5]
        counts: tuple[int, int, int, int, int, int, int, int] = row[5:13]
        numbers, age_s = row[-2:]
        if source == service:
            behind = connection.execute(_BEHIND.encode(), (feed,)).fetchone()
            lag_facts, lag_s = behind or (None, None)
        elif ends is not None:
            lag_facts = sum(max(0, end.number - numbers.get(str(shard), 0)) for shard, end in ends(source).items())
            lag_s = age_s if lag_facts else 0.0
        else:
            lag_facts = lag_s = None
        found.append(FeedHealth(name, source, state, reason, *counts, lag_facts, lag_s))
    return found


def lag_of(database: Database, subscribers: Iterable[Named]) -> dict[str, object]:
    """The health of some subscribers, as JSON: by name, then by the service they follow."""
    names = {each.name for each in subscribers}
    with database.connection() as connection:
        row = connection.execute("SELECT split_part(topic, '.', 2) FROM events LIMIT 1").fetchone()
        found: dict[str, dict[str, object]] = {}
        for each in feeds(connection, row[0] if row else ""):
            if each.name in names:
                found.setdefault(each.name, {})[each.source] = asdict(each) | {"adds_up": each.adds_up}
        return dict(found)
