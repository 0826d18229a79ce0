"""What all readers of the log's table share: its columns, the horizon, and a fact from a row."""

from collections.abc import Sequence
from typing import Any

from crm.events import Position, Sealed

SETTLED = "(events.era < current_era() OR events.tx < pg_snapshot_xmin(pg_current_snapshot()))"
"""True for facts that no later commit can precede: the horizon."""

COLUMNS = (
    "events.originator_id, events.originator_version, events.topic, events.state, events.append_id,"
    " events.partition_key, events.occurred_at, events.recorded_at, events.actor, events.channel, events.contact_ids,"
    " events.correlation_id, events.causation_id, events.traceparent, events.era, events.tx::text::bigint AS tx_number,"
    " events.notification_id"
)


def sealed(row: Sequence[Any]) -> Sealed:
    """A fact from a row of `COLUMNS`."""
    return Sealed(
        stream=row[0],
        version=row[1],
        type=row[2],
        value=bytes(row[3]),
        append_id=row[4],
        partition_key=row[5],
        occurred_at=row[6],
        recorded_at=row[7],
        actor=row[8],
        channel=row[9],
        contact_ids=tuple(row[10]),
        correlation_id=row[11],
        causation_id=row[12],
        traceparent=row[13],
        position=Position(row[14], row[15], row[16]),
    )
