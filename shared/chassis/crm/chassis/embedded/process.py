"""A server as a child process: in its own session, logging to a file, ended with its parent."""

import ctypes
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from signal import SIGCONT, Signals

import psutil

from crm.chassis.embedded.account import Account

POLL_S = 0.02
KILL_TIMEOUT_S = 10.0
LOG_LINES_SHOWN = 30
PORTS = range(20_000, 32_000)
"""Below the ports systems lend to outgoing connections, so that no client takes the port of a stopped server."""

PR_SET_PDEATHSIG = 1


class ServerFailed(RuntimeError):  # noqa: N818 (named as people speak)
    """A server did not start, or not in time; the text ends with the last lines of its log."""


class ServerProcess:
    """One running server, until `stop` or `kill`."""

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        folder: Path,
        log: Path,
        env: Mapping[str, str],
        account: Account | None = None,
        death_signal: Signals | None = None,
        lock: int | None = None,
    ) -> None:
        """Spawn `command` in `folder`, appending its output to `log`.

        With `account` (needs root) it runs as that. With `death_signal` Linux sends that signal when the
        thread that spawned it ends: spawn from a thread that lives as long as the server should. `lock` is an open
        file with a lock on it, which stays locked as long as the server lives.
        """
        self.name = name
        self._log = log
        with log.open("ab") as output:
            self._log_start = output.tell()
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=() if lock is None else (lock,),
                preexec_fn=_before_exec(account, death_signal),
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.poll() is None

    def require_running(self) -> None:
        """Raise `ServerFailed` with the end of its log if it ended while starting."""
        if (code := self._process.poll()) is not None:
            raise ServerFailed(f"{self.name} ended with exit code {code} while starting.\n{self._log_tail()}")

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until `ready()`; otherwise end the server and raise `ServerFailed` with the end of its log."""
        try:
            self._poll(ready, timeout_s)
        except BaseException:
            self.kill()
            raise

    def signal(self, sent: Signals) -> None:
        self._process.send_signal(sent)

    def stop(self, polite: Signals, timeout_s: float) -> None:
        """Ask the server to end, even when it is paused; kill it and its children after `timeout_s`."""
        self._process.send_signal(polite)
        self._process.send_signal(SIGCONT)
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server and its children at once (SIGKILL), and wait until they are gone."""
        family = _family(self.pid)
        for process in family:
            _kill(process)
        self._process.wait(KILL_TIMEOUT_S)
        wait_until_gone(family, KILL_TIMEOUT_S)

    def _poll(self, ready: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not ready():
            self.require_running()
            if time.monotonic() > deadline:
                raise ServerFailed(f"{self.name} was not ready within {timeout_s:g} s.\n{self._log_tail()}")
            time.sleep(POLL_S)

    def _log_tail(self) -> str:
        with self._log.open("rb") as log:
            log.seek(self._log_start)
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join([f"The end of {self._log}:", *lines[-LOG_LINES_SHOWN:]])


def wait_until_gone(processes: Sequence[psutil.Process], timeout_s: float) -> None:
    """Wait until the processes run no more (nobody may have reaped them yet); raises `ServerFailed`."""
    deadline = time.monotonic() + timeout_s
    while alive := [process for process in processes if _is_alive(process)]:
        if time.monotonic() > deadline:
            raise ServerFailed(f"Still running after {timeout_s:g} s: {alive}")
        time.sleep(POLL_S)


def run(
    name: str,
    command: Sequence[str | Path],
    *,
    folder: Path,
    env: Mapping[str, str],
    account: Account | None = None,
) -> None:
    """Run a program to its end in `folder`; raises `ServerFailed` with its output when it fails."""
    done = subprocess.run(
        command,
        check=False,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=_before_exec(account, None),
    )
    if done.returncode:
        raise ServerFailed(f"{name} ended with exit code {done.returncode}.\n{done.stdout}")


def free_port(other_than: int | None = None) -> int:
    """Choose a TCP port on which nobody listens at 127.0.0.1."""
    for port in random.sample(PORTS, k=100):
        if port != other_than and _is_free(port):
            return port
    raise ServerFailed(f"No free port was found between {PORTS.start} and {PORTS.stop}.")


def require_free(port: int) -> None:
    """Raise `ServerFailed` when somebody listens on the port already."""
    if not _is_free(port):
        raise ServerFailed(f"Port {port} of 127.0.0.1 is taken by another process.")


def remembered_port(folder: Path) -> int:
    """Return the port chosen for the server of this folder: a free one the first time, the same ever after."""
    file = folder / "port"
    if not file.exists():
        file.write_text(str(free_port()))
    return int(file.read_text())


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _before_exec(account: Account | None, death_signal: Signals | None) -> Callable[[], None] | None:
    """Return what a child does before exec. The death signal comes last: a change of user would clear it."""
    dies_with_parent = death_signal is not None and sys.platform == "linux"
    if account is None and not dies_with_parent:
        return None
    prctl = ctypes.CDLL(None).prctl if dies_with_parent else None
    parent = os.getpid()

    def before_exec() -> None:
        if account is not None:
            account.become()
        if prctl is not None:
            prctl(PR_SET_PDEATHSIG, int(death_signal or 0))
            if os.getppid() != parent:
                os._exit(1)

    return before_exec


def _family(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
