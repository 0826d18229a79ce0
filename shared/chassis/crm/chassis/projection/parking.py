"""The parking lot: facts that could not be applied, and those behind them on their stream. Nothing is ever dropped.

Facts stay sealed here; of an error its class and place are kept, never its text.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from crm.chassis.projection.batch import Held
from crm.chassis.projection.delivery import Delivery, Malformed
from crm.chassis.projection.failures import kind, where
from crm.events import Position, Sealed

PARKED, QUEUED, DISCARDED = "parked", "queued", "discarded"

_KEEP = b"""
    INSERT INTO parked (feed, shard, era, tx, number, stream, version, append_id, type, sealed, state, error, message)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_COLUMNS = (
    "parked.id, view_state.name, feeds.source, shard, stream, version, type, parked.state, error, message, attempts,"
    " parked_at, decided_by"
)
_FROM = "FROM parked JOIN feeds USING (feed) JOIN view_state USING (view)"


@dataclass(frozen=True)
class Parked:
    """A fact in the parking lot, as operators see it. Times are UTC."""

    id: int
    view: str
    source: str
    shard: int
    stream: UUID | None
    version: int
    type: str | None
    state: str
    error: str | None
    message: str | None
    attempts: int
    parked_at: datetime
    decided_by: str | None


def keep(connection: Connection[Any], feed: int, held: Sequence[Held]) -> list[Delivery]:
    """Parks and queues facts. Returns those that are here already: repeats."""
    return [each.delivery for each in held if connection.execute(_KEEP, _row(feed, each)).rowcount == 0]


def entries(
    connection: Connection[Any],
    *,
    view: str | None = None,
    stream: UUID | None = None,
    error: str | None = None,
    state: str | None = PARKED,
    after: int = 0,
    limit: int = 100,
) -> list[Parked]:
    """What is parked (or queued, discarded, or all with `state=None`), oldest first, after an id."""
    conditions = {"view_state.name": view, "parked.stream": stream, "parked.error": error, "parked.state": state}
    named = {name: value for name, value in conditions.items() if value is not None}
    where = " AND ".join(["parked.id > %s", *(f"{name} = %s" for name in named)])
    statement = f"SELECT {_COLUMNS} {_FROM} WHERE {where} ORDER BY parked.id LIMIT %s"
    return [Parked(*row) for row in connection.execute(statement.encode(), (after, *named.values(), limit)).fetchall()]


def show(connection: Connection[Any], parked: int) -> tuple[Parked, dict[str, Any]] | None:
    """One entry with its envelope; the fact itself stays sealed."""
    statement = f"SELECT {_COLUMNS}, sealed {_FROM} WHERE parked.id = %s"
    row = connection.execute(statement.encode(), (parked,)).fetchone()
    return (Parked(*row[:-1]), row[-1]) if row else None


def waiting(connection: Connection[Any], feed: int, stream: UUID | None) -> list[Delivery]:
    """The facts of a stream that are parked or queued, in the order of their versions."""
    rows = connection.execute(
        "SELECT sealed, stream, shard, era, tx, number FROM parked"
        " WHERE feed = %s AND stream IS NOT DISTINCT FROM %s AND state <> 'discarded' ORDER BY version, id",
        (feed, stream),
    ).fetchall()
    return [Delivery(_unkept(sealed, stream), shard, Position(*mark)) for sealed, stream, shard, *mark in rows]


def remove(connection: Connection[Any], feed: int, stream: UUID | None) -> None:
    """Takes a stream's facts out of the parking lot, to be applied or parked again in the same transaction."""
    connection.execute(
        "DELETE FROM parked WHERE feed = %s AND stream IS NOT DISTINCT FROM %s AND state <> 'discarded'", (feed, stream)
    )


def give_up(connection: Connection[Any], parked: int, actor: str, reason: str) -> None:
    """Marks an entry as discarded. It stays, with who decided and why."""
    connection.execute(
        "UPDATE parked SET state = 'discarded', message = %s, decided_by = %s, decided_at = now() WHERE id = %s",
        (reason, actor, parked),
    )


def _row(feed: int, held: Held) -> tuple[Any, ...]:
    sealed, shard, mark = held.delivery
    error = (PARKED, kind(held.error), where(held.error)) if held.error is not None else (QUEUED, None, None)
    if isinstance(sealed, Malformed):
        raw = Jsonb({"raw": sealed.raw})
        return feed, shard, *mark, None, mark.number, None, None, raw, error[0], error[1], sealed.error
    kept = Jsonb(msgspec.to_builtins(sealed))
    return feed, shard, *mark, sealed.stream, sealed.version, sealed.append_id, sealed.type, kept, *error


def _unkept(kept: dict[str, Any], stream: UUID | None) -> Sealed | Malformed:
    if stream is None:
        return Malformed(kept["raw"], "")
    return msgspec.convert(kept, Sealed)
