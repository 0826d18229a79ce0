"""The servers under the suite: those whose address is given, else embedded ones."""

import os
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.embedded.process import ServerFailed, require_free
from crm.local.suite import NAMES, Layout
from crm.local.supervisor import Supervisor

KEYRING = "keyring"
POSTGRES_LAYER, KAFKA_LAYER = 0, 1


def given_postgres() -> str | None:
    """The URL of a PostgreSQL server that is used instead of starting one."""
    return os.environ.get("RAPPORT_POSTGRES")


def given_kafka() -> str | None:
    """The address of a Kafka cluster that is used instead of starting one."""
    return os.environ.get("RAPPORT_KAFKA")


def start_postgres(layout: Layout, services: list[str], supervisor: Supervisor) -> dict[str, str]:
    """A database for each service and one for the keyring, by name, on the server of `RAPPORT_POSTGRES` or our own."""
    names = [*services, KEYRING]
    if given := given_postgres():
        supervisor.tell(f"Using PostgreSQL at {urlsplit(given).hostname}")
        try:
            return {name: _database_on(given, name) for name in names}
        except psycopg.OperationalError as error:
            raise ServerFailed(f"RAPPORT_POSTGRES cannot be used: {str(error).strip()}") from error
    supervisor.tell("Starting PostgreSQL")
    folder = layout.folder / "postgres"
    server = EmbeddedPostgres(folder, layout.postgres_port)
    supervisor.start("postgres", server, folder / "postgres.log", layer=POSTGRES_LAYER)
    for name in names:
        server.create_database(name)
    return {name: server.dsn(name) for name in names}


def start_kafka(layout: Layout, supervisor: Supervisor) -> str:
    """The bootstrap address of Kafka: `RAPPORT_KAFKA`, or our own broker."""
    if given := given_kafka():
        supervisor.tell(f"Using Kafka at {given}")
        return given
    cache = os.environ.get("RAPPORT_KAFKA_JARS")
    folder = layout.folder / "kafka"
    supervisor.tell("Starting Kafka" if folder.exists() else "Starting Kafka (the first time it is downloaded)")
    server = EmbeddedKafka(folder, layout.kafka_port, jar_cache=Path(cache) if cache else None)
    supervisor.start("kafka", server, folder / "kafka.log", layer=KAFKA_LAYER)
    return server.bootstrap


def require_ports(layout: Layout) -> None:
    """Raise `ServerFailed`, naming it, if a port the suite needs is taken."""
    ports = {f"the API of {name}": layout.port(name) for name in NAMES} | {"mails": layout.smtp_port}
    if not given_postgres():
        ports["PostgreSQL"] = layout.postgres_port
    if not given_kafka():
        ports["Kafka"] = layout.kafka_port
    for purpose, port in ports.items():
        try:
            require_free(port)
        except ServerFailed as error:
            raise ServerFailed(
                f"Port {port} (for {purpose}) is taken by another program. End that, or let the suite use other ports: "
                f"RAPPORT_PORT_BASE={layout.port_base + 1000} moves them all."
            ) from error


def _database_on(dsn: str, name: str) -> str:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()
