"""The servers of a measurement, each started when it is first needed, and the sizes of what is done with them."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psycopg
from confluent_kafka.admin import AdminClient

from bench.path.lines import Figure, Run, interleaved, tell
from crm.chassis.database import connect
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.kafka import declare_topic, find_topic, topic_of
from crm.chassis.migrations import CHASSIS, migrate
from crm.chassis.testing.backends import PostgresBackend, kafka_backend, postgres_backend, temporary_folder
from crm.chassis.testing.waiting import eventually

SERVICE = "bench"


@dataclass(frozen=True)
class Size:
    """How much is done of everything."""

    rounds: int
    seconds: float
    """How long a run lasts that is measured by time."""
    log: int
    """Facts in a log that is relayed, projected or drained."""
    past: int
    """Facts that a view is rebuilt from, ten of each row."""
    slow: int
    """Facts for peers that take them one by one."""
    chain: int
    """Appends that go the whole way."""


FULL = Size(rounds=3, seconds=4.0, log=200_000, past=1_000_000, slow=5_000, chain=12_000)
QUICK = Size(rounds=1, seconds=2.0, log=30_000, past=100_000, slow=1_000, chain=2_000)


class Stage(ExitStack):
    """Servers on this machine: PostgreSQL with fsync, Kafka with acks of all. Everything goes with the block."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self._servers: list[PostgresBackend] = []

    @cached_property
    def folder(self) -> Path:
        return self.enter_context(temporary_folder())

    @cached_property
    def postgres(self) -> PostgresBackend:
        return self._started(self.enter_context(postgres_backend(fsync=True)))

    @cached_property
    def logical(self) -> PostgresBackend:
        """A server of its own for what reads the write-ahead log: all others would pay for `wal_level=logical`."""
        server = self.enter_context(EmbeddedPostgres(self.folder / "logical", fsync=True))
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET wal_level = 'logical'")
        server.stop()
        server.start()
        return self._started(PostgresBackend(server.dsn("postgres"), server))

    @cached_property
    def bootstrap(self) -> str:
        tell("    starting Kafka")
        return self.enter_context(kafka_backend()).bootstrap

    def database(self) -> str:
        """A fresh database with the tables of a service, fit to be loaded."""
        return migrated(self.postgres)

    def take_turns(self, contestants: Mapping[str, Callable[[], Run]]) -> dict[str, Figure]:
        """Lets contestants run in turns, each on servers whose housekeeping is done.

        Else a run would pay for the vacuums and checkpoints of the rows that another has written.
        """
        return interleaved(self.size.rounds, contestants, before=self._settle)

    def clear(self) -> None:
        """Drops all databases."""
        for server in self._servers:
            server.drop_all()

    def topic(self, service: str = SERVICE) -> str:
        """An empty topic of a service."""
        name = topic_of(service)
        if find_topic(self.bootstrap, name) is not None:
            admin = AdminClient({"bootstrap.servers": self.bootstrap})
            for future in admin.delete_topics([name]).values():
                future.result(10)
            eventually(lambda: find_topic(self.bootstrap, name) is None, within_s=10)
        declare_topic(self.bootstrap, service)
        return name

    def _started(self, server: PostgresBackend) -> PostgresBackend:
        self._servers.append(server)
        return server

    def _settle(self) -> None:
        for dsn in (each for server in self._servers for each in server.databases):
            with connect(dsn, limited=False) as connection:
                connection.execute("VACUUM ANALYZE")
                connection.execute("CHECKPOINT")


def migrated(server: PostgresBackend) -> str:
    """A fresh database on a server, with the tables of a service."""
    dsn = server.fresh_database()
    migrate(dsn, (CHASSIS,))
    return dsn
