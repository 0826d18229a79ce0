"""Read-your-writes: whether a view has applied what a command answered with (invariant I8)."""

from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol, TypeAlias
from uuid import UUID

from psycopg import Connection

from crm.chassis.database import Database

State: TypeAlias = Literal["applied", "behind", "parked"]
StreamVersion: TypeAlias = tuple[str, UUID, int]
"""A service, a stream of it, and the version that must have been applied."""

# A view that does not follow a service has nothing to wait for from it.
_STATES = b"""
    SELECT coalesce(applied.version, 0) >= asked.version, coalesce(applied.blocked, false)
    FROM unnest(%s::text[], %s::uuid[], %s::bigint[]) AS asked (source, stream, version)
    JOIN view_state ON view_state.name = %s
    JOIN feeds ON feeds.view = view_state.view AND feeds.source = asked.source
    LEFT JOIN applied ON applied.feed = feeds.feed AND applied.stream = asked.stream
"""


class Named(Protocol):
    """Something with a name, such as a view."""

    @property
    def name(self) -> str: ...


class ViewConsistency:
    """Asks one service's database how far its views have come. Thread-safe."""

    def __init__(self, database: Database, views: Iterable[Named]) -> None:
        self._database = database
        self._names = {each.name for each in views}

    def state(self, view: str, tokens: Sequence[StreamVersion]) -> State:
        """Whether a view (by its name, such as `directory_v1`) has applied all of these. Raises `LookupError`."""
        if view not in self._names:
            raise LookupError(f"This service has no view {view}.")
        with self._database.connection() as connection:
            return state(connection, view, tokens)


def state(connection: Connection[Any], view: str, tokens: Sequence[StreamVersion]) -> State:
    """`applied`: a query made from now on shows all of these. `parked`: one waits for people. Else `behind`."""
    sources, streams, versions = zip(*tokens, strict=True) if tokens else ((), (), ())
    rows = connection.execute(_STATES, (list(sources), list(streams), list(versions), view)).fetchall()
    if any(blocked and not reached for reached, blocked in rows):
        return "parked"
    return "applied" if all(reached for reached, _ in rows) else "behind"
