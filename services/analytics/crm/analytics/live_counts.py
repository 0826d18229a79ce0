"""What workers of the live window counted, where the API finds it: one number per partition and minute.

Numbers are written as they are, not added, so writing again changes nothing, and a worker that takes over a partition
corrects what another one left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from crm.analytics.window import MINUTES, Cell, Place, Standing
from crm.chassis.database import Database

_COUNT = b"""
    INSERT INTO live_counts (service, partition, minute, touchpoints)
    SELECT * FROM unnest(%s::text[], %s::int[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (service, partition, minute) DO UPDATE SET touchpoints = excluded.touchpoints
"""
# xmax is 0 in a row that was inserted: the partition is new here, or the server has lost what is not logged.
_STAND = b"""
    INSERT INTO live_sources (service, partition, answered_at, behind)
    SELECT * FROM unnest(%s::text[], %s::int[], %s::timestamptz[], %s::bigint[])
    ON CONFLICT (service, partition) DO UPDATE SET answered_at = excluded.answered_at, behind = excluded.behind
    RETURNING xmax = 0
"""
_READ = b"""
    SELECT service, minute, sum(touchpoints)::bigint FROM live_counts
    WHERE minute > %s AND minute <= %s GROUP BY service, minute
"""
_SOURCES = b"SELECT service, min(answered_at), sum(behind)::bigint FROM live_sources GROUP BY service ORDER BY service"
_KEPT = timedelta(minutes=MINUTES + 5)


@dataclass(frozen=True)
class LiveSource:
    """How current the numbers of a service are: when Kafka last answered for it (UTC), and facts not counted yet."""

    answered_at: datetime
    lag_facts: int


def write(db: Database, counts: Mapping[Cell, int], standings: Mapping[Place, Standing], now: datetime) -> bool:
    """Keeps numbers, and forgets old ones. False: a partition was not known here, so all numbers are needed again."""
    known = True
    with db.transaction() as connection:
        if counts:
            services, partitions, minutes = map(list, zip(*counts, strict=True))
            moments = [datetime.fromtimestamp(each * 60, UTC) for each in minutes]
            connection.execute(_COUNT, (services, partitions, moments, list(counts.values())))
        if standings:
            services, partitions = map(list, zip(*standings, strict=True))
            answered, behind = map(list, zip(*standings.values(), strict=True))
            inserted = connection.execute(_STAND, (services, partitions, answered, behind)).fetchall()
            known = (True,) not in inserted
            connection.execute(b"DELETE FROM live_counts WHERE minute < %s", (now - _KEPT,))
            connection.execute(b"DELETE FROM live_sources WHERE answered_at < %s", (now - _KEPT,))
    return known


def read(db: Database, now: datetime) -> tuple[dict[tuple[str, datetime], int], dict[str, LiveSource]]:
    """Touchpoints of the last hour by service and minute, and how current they are by service."""
    with db.connection() as connection:
        rows = connection.execute(_READ, (now - timedelta(minutes=MINUTES), now)).fetchall()
        sources = connection.execute(_SOURCES).fetchall()
    counts = {(service, minute): touchpoints for service, minute, touchpoints in rows}
    return counts, {service: LiveSource(answered_at, behind) for service, answered_at, behind in sources}
