"""Transactions held open on purpose: the harness that shows how logs lose facts, step by step, without chance."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Self

import psycopg
from psycopg import Connection, Cursor

from crm.chassis.database import Database


class HeldTransaction(Database):
    """A database whose only connection sits in one transaction until it is told to end it."""

    def __init__(self, dsn: str) -> None:
        super().__init__(dsn, max_size=1)
        self._held = psycopg.connect(dsn)

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        yield self._held

    def take_id(self) -> int:
        """Makes the server give the transaction its id, as any write would."""
        row = self._held.execute("SELECT pg_current_xact_id()::text").fetchone()
        assert row
        return int(row[0])

    def commit(self) -> None:
        self._held.commit()

    def rollback(self) -> None:
        self._held.rollback()

    def close(self) -> None:
        self._held.close()
        super().close()


class SteppedDatabase(Database):
    """A database whose only connection lets something else happen after each of its statements."""

    def __init__(self, dsn: str, between: Callable[[], None]) -> None:
        super().__init__(dsn, max_size=1)

        class Stepped(Cursor[Any]):
            def execute(self, *statement: Any, **options: Any) -> Self:
                done = super().execute(*statement, **options)
                between()
                return done

        self._stepped = psycopg.connect(dsn, autocommit=True, cursor_factory=Stepped)

    @contextmanager
    def connection(self) -> Iterator[Connection[Any]]:
        yield self._stepped

    def close(self) -> None:
        self._stepped.close()
        super().close()
