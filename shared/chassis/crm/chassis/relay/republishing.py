"""Publishing the whole log again, on a person's word. Consumers skip what they have seen: the appends are the same."""

from crm.chassis.database import connect
from crm.chassis.kafka import PARTITIONS, declare_topic, topic_of
from crm.events import Position

_NOTE = """
    INSERT INTO relay_audit (service, actor, reason, from_era, from_tx, from_number, old_topic_id, new_topic_id)
    SELECT service, %s, %s, era, tx, number, topic_id, %s FROM relay_position WHERE service = %s
    RETURNING from_era, from_tx, from_number
"""
_RESET = """
    UPDATE relay_position SET era = 0, tx = 0, number = 0, epoch = epoch + 1, topic_id = %s, partitions = %s,
        acked_offsets = '{}', updated_at = now()
    WHERE service = %s
"""


def republish(
    service: str,
    dsn: str,
    bootstrap: str,
    *,
    actor: str,
    reason: str,
    topic: str | None = None,
    partitions: int = PARTITIONS,
) -> Position | None:
    """Sets the position back to the beginning, for the topic as it is now; creates it if it is gone.

    A relay at work is fenced and begins again. Returns the position that was given up; None if there was none.
    Raises `PartitionsDiffer`, `KafkaUnavailable`, `psycopg.OperationalError`.
    """
    topic_id = declare_topic(bootstrap, service, partitions, topic=topic or topic_of(service))
    with connect(dsn, application="republish") as connection, connection.transaction():
        connection.execute("SELECT 1 FROM relay_position WHERE service = %s FOR UPDATE", (service,))
        row = connection.execute(_NOTE, (actor, reason, topic_id, service)).fetchone()
        connection.execute(_RESET, (topic_id, partitions, service))
    return Position(*row) if row else None
