"""The real suite with a bad network: `rapport up` over PostgreSQL and Kafka of our own, each behind a proxy."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.embedded.process import free_port
from tests.integration.running_suite import RunningSuite, end, start
from tests.proving.proxy import Proxy

CONNECTED_S = 5
"""How long a connection is waited for. The client by itself waits for more than two minutes."""


@dataclass(frozen=True)
class Stage:
    """The suite, the servers under it, and the proxies through which alone it reaches them."""

    suite: RunningSuite
    postgres: EmbeddedPostgres
    kafka: EmbeddedKafka
    to_postgres: Proxy
    to_kafka: Proxy

    def database(self, service: str) -> psycopg.Connection[Any]:
        """A service's own database, past the proxy. Raises within seconds where the server stands still."""
        return psycopg.connect(self.postgres.dsn(service), autocommit=True, connect_timeout=CONNECTED_S)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """The started suite. Everything ends with it, also after a failure. To be used by the main thread."""
    jars = os.environ.get("RAPPORT_KAFKA_JARS")
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    proxied = {"postgres": free_port(), "kafka": free_port()}
    kafka = EmbeddedKafka(
        folder / "kafka",
        free_port(),
        jar_cache=Path(jars) if jars else None,
        advertised=f"127.0.0.1:{proxied['kafka']}",
    )
    with ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        for server in (postgres, kafka):
            stack.enter_context(server)
        to_postgres = stack.enter_context(Proxy(proxied["postgres"], postgres.port))
        to_kafka = stack.enter_context(Proxy(proxied["kafka"], kafka.port))
        given = urlsplit(postgres.dsn("postgres"))
        behind = given._replace(netloc=f"{given.netloc.rpartition(':')[0]}:{to_postgres.port}")
        suite = start(folder / "suite", RAPPORT_POSTGRES=behind.geturl(), RAPPORT_KAFKA=f"127.0.0.1:{to_kafka.port}")
        stack.callback(end, suite.supervisor)
        yield Stage(suite, postgres, kafka, to_postgres, to_kafka)
