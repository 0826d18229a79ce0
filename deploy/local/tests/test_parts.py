"""The servers under the suite: given ones are used, and made ready only where they are not yet."""

from pathlib import Path

import psycopg
import pytest

from crm.chassis.embedded.process import ServerFailed
from crm.chassis.testing.backends import PostgresBackend
from crm.local.parts import start_kafka, start_postgres
from crm.local.suite import Layout, environment
from crm.local.supervisor import Supervisor


@pytest.fixture
def supervisor(tmp_path: Path) -> Supervisor:
    return Supervisor(tmp_path / "processes.json", lambda _: None, lambda _: None)


def test_a_given_server_gets_a_database_for_each_service(
    postgres_server: PostgresBackend, layout: Layout, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"tiny_{layout.port_base}", f"other_{layout.port_base}"]
    monkeypatch.setenv("RAPPORT_POSTGRES", postgres_server.dsn)
    monkeypatch.setattr("crm.local.parts.KEYRING", f"keyring_{layout.port_base}")
    first = start_postgres(layout, names, supervisor)
    try:
        with psycopg.connect(first[names[0]]) as connection:
            connection.execute("CREATE TABLE kept (n int)")
        assert start_postgres(layout, names, supervisor) == first
        with psycopg.connect(first[names[0]]) as connection:
            connection.execute("SELECT * FROM kept")
    finally:
        with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
            for name in first:
                connection.execute(f"DROP DATABASE {name}".encode())
    assert supervisor.kept == []


def test_a_given_server_that_is_away_is_named(
    layout: Layout, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAPPORT_POSTGRES", f"postgresql://nobody:secret@127.0.0.1:{layout.port_base}/postgres")
    with pytest.raises(ServerFailed, match="RAPPORT_POSTGRES cannot be used: .*refused") as failure:
        start_postgres(layout, ["contacts"], supervisor)
    assert "secret" not in str(failure.value)


def test_a_given_kafka_is_used(layout: Layout, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAPPORT_KAFKA", "kafka.example:9092")
    assert start_kafka(layout, supervisor) == "kafka.example:9092"
    assert supervisor.kept == []


def test_each_process_gets_its_own_settings_and_not_those_of_the_suite(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.folder.mkdir()
    monkeypatch.setenv("RAPPORT_PORT_BASE", "9999")
    monkeypatch.setenv("RAPPORT_REGION", "FR")
    given = environment(layout, "sales", "api", {"sales": "postgresql://sales", "keyring": "postgresql://keys"}, "k:1")
    assert given["RAPPORT_DATABASE"] == "postgresql://sales"
    assert given["RAPPORT_PORT"] == str(layout.port_base + 2)
    assert given["RAPPORT_REGION"] == "FR"
    assert "RAPPORT_PORT_BASE" not in given
