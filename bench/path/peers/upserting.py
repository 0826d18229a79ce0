"""The projection as one writes it without us: a batch is summed up by member and written in one transaction.

No versions are kept and no checkpoints: what is delivered twice counts twice.
"""

from collections.abc import Iterable
from typing import Any, Self

from psycopg import AsyncConnection

from bench.path.facts import balances

_UPSERT = f"""
    INSERT INTO {balances.name} AS here (member, points, facts, reason, changed_at) VALUES (%s, %s, %s, %s, now())
    ON CONFLICT (member) DO UPDATE SET points = here.points + excluded.points, facts = here.facts + excluded.facts,
        reason = excluded.reason, changed_at = excluded.changed_at
"""


class Balances:
    """The rows, over one connection."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, dsn: str) -> Self:
        return cls(await AsyncConnection.connect(dsn))

    async def add(self, facts: Iterable[tuple[str, dict[str, Any]]]) -> None:
        """Adds a batch of facts by member and commits."""
        sums: dict[str, tuple[int, int, str]] = {}
        for member, fact in facts:
            points, number, _ = sums.get(member, (0, 0, ""))
            sums[member] = points + fact["points"], number + 1, fact["reason"]
        async with self._connection.cursor() as cursor:
            await cursor.executemany(_UPSERT.encode(), [(member, *sums[member]) for member in sorted(sums)])
        await self._connection.commit()

    async def close(self) -> None:
        await self._connection.close()
