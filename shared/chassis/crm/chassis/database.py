"""One PostgreSQL database, one pool per process. Transactions are short: an open write holds every reader back."""

import select
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

LIMIT_MS = 5_000
"""What the server ends a statement or a transaction at. Our own writes stay under one second."""

_SETTINGS = "-c synchronous_commit=on -c timezone=UTC -c jit=off"
_LIMITS = f"-c statement_timeout={LIMIT_MS} -c idle_in_transaction_session_timeout={LIMIT_MS}"
# Servers before version 17 do not know this one.
_LIMIT_TRANSACTIONS = (
    f"SELECT set_config(name, '{LIMIT_MS}ms', false) FROM pg_settings WHERE name = 'transaction_timeout'"
).encode()
_NOTIFY = b"SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, '')"


def connect(dsn: str, *, application: str = "rapport", limited: bool = True) -> Connection[TupleRow]:
    """A connection of its own, in autocommit, for a loop that listens or holds a session lock.

    `limited` False is for work that only reads, or that nobody waits for, and takes long: audits, migrations.
    """
    connection = psycopg.connect(
        dsn,
        autocommit=True,
        connect_timeout=3,
        application_name=application,
        options=f"{_SETTINGS} {_LIMITS}" if limited else _SETTINGS,
        keepalives_idle=30,
    )
    if limited:
        connection.execute(_LIMIT_TRANSACTIONS)
    return connection


def notify(connection: Connection[TupleRow], channel: str) -> None:
    """Tells whoever listens on a channel, in a transaction of its own.

    It does not wait for the disk: nothing of it must last, and while it is open it holds every reader of a log back.
    """
    connection.execute(_NOTIFY, (channel,))


def _limit(connection: Connection[TupleRow]) -> None:
    connection.execute(_LIMIT_TRANSACTIONS)


class Database:
    """The connections of one process to its own database. Thread-safe.

    Nothing connects before the first use, so a process starts while its database is still away.
    """

    def __init__(self, dsn: str, *, max_size: int = 4, application: str = "rapport") -> None:
        self.dsn = dsn
        self.max_size = max_size
        self._pool: ConnectionPool[Connection[TupleRow]] = ConnectionPool(
            dsn,
            kwargs={
                "autocommit": True,
                "connect_timeout": 3,
                "application_name": application,
                "options": f"{_SETTINGS} {_LIMITS}",
                "keepalives_idle": 30,
            },
            configure=_limit,
            check=self._check,
            min_size=0,
            max_size=max_size,
            max_idle=300.0,
            timeout=10.0,
            open=False,
            num_workers=1,
            reconnect_timeout=5.0,
        )

    @contextmanager
    def connection(self) -> Iterator[Connection[TupleRow]]:
        """A pooled connection in autocommit. Raises `psycopg.OperationalError` if the database is away."""
        self._pool.open()
        with self._pool.connection() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[Connection[TupleRow]]:
        """A pooled connection in one transaction, committed at the end of the block."""
        with self.connection() as connection, connection.transaction():
            yield connection

    def close(self) -> None:
        """Closes every connection."""
        self._pool.close()

    def _check(self, connection: Connection[TupleRow]) -> None:
        """Raises `psycopg.Error` where the server has hung up on a pooled connection, so that it is replaced unused.

        A server that has something to say to somebody idle says goodbye, or notices: only then it is asked.
        """
        ear = select.poll()
        ear.register(connection, select.POLLIN)
        if not ear.poll(0):
            return
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.Error:
            self._pool.check()  # the server restarted: the others are no better
            raise
