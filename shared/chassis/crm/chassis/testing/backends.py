"""Real PostgreSQL and Kafka for tests: a given one, else one in Docker, else an embedded one."""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.embedded.process import free_port

POSTGRES_IMAGE = "postgres:18-alpine"
KAFKA_IMAGE = "apache/kafka:4.3.1"


@dataclass(frozen=True)
class PostgresBackend:
    """A PostgreSQL server on which tests make databases of their own."""

    dsn: str
    """URL of a database whose user may create others."""
    server: EmbeddedPostgres | None = None
    """The server itself, to be killed and restarted, when it is embedded."""
    _databases: list[str] = field(default_factory=list)

    def fresh_database(self) -> str:
        """Create an empty database with a random name and return its URL."""
        name = f"test_{secrets.token_hex(6)}"
        self._administer("CREATE DATABASE {}", name)
        self._databases.append(name)
        return self._url(name)

    @property
    def databases(self) -> list[str]:
        """The URLs of the databases made here that are still there."""
        return [self._url(name) for name in self._databases]

    def drop(self, dsn: str) -> None:
        """Drop a database made here, with whoever is still connected to it."""
        name = urlsplit(dsn).path.removeprefix("/")
        self._databases.remove(name)
        self._administer("DROP DATABASE {} WITH (FORCE)", name)

    def drop_all(self) -> None:
        """Drop every database made here that is still there."""
        while self._databases:
            self._administer("DROP DATABASE {} WITH (FORCE)", self._databases.pop())

    def _url(self, name: str) -> str:
        return urlsplit(self.dsn)._replace(path=f"/{name}").geturl()

    def _administer(self, statement: str, name: str) -> None:
        with psycopg.connect(self.dsn, autocommit=True) as db:
            db.execute(sql.SQL(statement).format(sql.Identifier(name)))


@contextmanager
def postgres_backend(address: str | None = None, *, fsync: bool = False) -> Iterator[PostgresBackend]:
    """Yield a PostgreSQL server: at `address` (default: RAPPORT_POSTGRES), in Docker, or embedded.

    The databases made on a server that stays are dropped at the end; any other server goes with its databases.
    """
    if dsn := address or os.environ.get("RAPPORT_POSTGRES"):
        backend = PostgresBackend(dsn)
        try:
            yield backend
        finally:
            backend.drop_all()
    elif docker_answers():
        from testcontainers.postgres import PostgresContainer

        with PostgresContainer(POSTGRES_IMAGE, driver=None) as container:
            yield PostgresBackend(container.get_connection_url())
    else:
        with temporary_folder() as folder, EmbeddedPostgres(folder, fsync=fsync) as server:
            yield PostgresBackend(server.dsn("postgres"), server)


@dataclass(frozen=True)
class KafkaBackend:
    """A Kafka cluster for tests, which may be shared: name topics and groups after the test."""

    bootstrap: str
    server: EmbeddedKafka | None = None
    """The server itself, to be paused, killed and restarted, when it is embedded."""


@contextmanager
def kafka_backend(address: str | None = None, *, jar_cache: Path | None = None) -> Iterator[KafkaBackend]:
    """Yield a Kafka cluster: at `address` (default: RAPPORT_KAFKA), in Docker, or embedded.

    The embedded one keeps its jars in `jar_cache` (default: RAPPORT_KAFKA_JARS, else a folder of the user).
    """
    if bootstrap := address or os.environ.get("RAPPORT_KAFKA"):
        yield KafkaBackend(bootstrap)
    elif docker_answers():
        with _kafka_in_docker() as bootstrap:
            yield KafkaBackend(bootstrap)
    else:
        if given := os.environ.get("RAPPORT_KAFKA_JARS"):
            jar_cache = jar_cache or Path(given)
        with temporary_folder() as folder, EmbeddedKafka(folder, jar_cache=jar_cache) as server:
            yield KafkaBackend(server.bootstrap, server)


def docker_answers() -> bool:
    """Say whether a Docker engine answers within two seconds."""
    try:
        import docker  # type: ignore[import-untyped]
        from docker.errors import DockerException  # type: ignore[import-untyped]
    except ImportError:
        return False
    try:
        client = docker.from_env(timeout=2)
    except DockerException:
        return False
    try:
        return bool(client.ping())
    except (DockerException, OSError):
        return False
    finally:
        client.close()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Yield a new folder directly under the system's temporary folder, which every account can enter."""
    folder = Path(tempfile.mkdtemp(prefix="rapport-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _kafka_in_docker() -> Iterator[str]:
    """Run Apache's own image; its port is chosen before, because Kafka must tell clients where it is reached."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = free_port()
    container = (
        DockerContainer(KAFKA_IMAGE)
        .with_bind_ports(port, port)
        .with_envs(
            KAFKA_PROCESS_ROLES="broker,controller",
            KAFKA_NODE_ID="1",
            KAFKA_LISTENERS=f"PLAINTEXT://:{port},CONTROLLER://:{port - 1}",
            KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://localhost:{port}",
            KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
            KAFKA_CONTROLLER_QUORUM_VOTERS=f"1@localhost:{port - 1}",
            KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
            KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
            KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
            KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        )
        .waiting_for(LogMessageWaitStrategy("Kafka Server started"))
    )
    with container:
        yield f"localhost:{port}"
