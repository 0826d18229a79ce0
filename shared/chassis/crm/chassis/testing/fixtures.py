"""pytest fixtures for real servers: `pytest_plugins = ["crm.chassis.testing.fixtures"]`."""

from collections.abc import Iterator

import pytest

from crm.chassis.testing.backends import KafkaBackend, PostgresBackend, kafka_backend, postgres_backend


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresBackend]:
    """One PostgreSQL server for the whole run (per worker of pytest-xdist)."""
    with postgres_backend() as backend:
        yield backend


@pytest.fixture(scope="session")
def kafka_server() -> Iterator[KafkaBackend]:
    """One Kafka cluster for the whole run (per worker of pytest-xdist)."""
    with kafka_backend() as backend:
        yield backend


@pytest.fixture
def database(postgres_server: PostgresBackend) -> Iterator[str]:
    """The URL of an empty database, dropped after the test."""
    dsn = postgres_server.fresh_database()
    yield dsn
    postgres_server.drop(dsn)
