"""The files of a suite that say what runs: `suite.json` for others, the processes and the lock for ourselves."""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

LOCK_TIMEOUT_S = 1.0
POLL_S = 0.02
LAST_WORDS_S = 10.0
"""How long processes without a supervisor may take to end by themselves."""


class RunsAlready(RuntimeError):  # noqa: N818 (named as people speak)
    """Another supervisor holds the folder."""


def write_private(path: Path, text: str) -> None:
    """Replaces a file in one step; only its owner can read it."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    unfinished.write_text(text, "utf-8")
    unfinished.rename(path)


def write_json(path: Path, value: Any) -> None:
    """Replaces a file in one step; only its owner can read it, for it may hold passwords."""
    write_private(path, json.dumps(value, indent=2) + "\n")


def read_json(path: Path) -> Any:
    """What the file holds; None if there is none."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Standing:
    """How one process stands: it runs (`pid`), or waits for its next start (seconds since the epoch)."""

    name: str
    pid: int | None
    created: float | None
    restarts: int
    starts_at: float | None = None

    @classmethod
    def of_running(cls, name: str, pid: int, restarts: int) -> "Standing":
        try:
            created = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            created = None
        return cls(name, pid, created, restarts)

    @property
    def process(self) -> psutil.Process | None:
        """The process, if it still runs; one that got its pid later counts for nothing."""
        try:
            process = psutil.Process(self.pid) if self.pid else None
            alive = process is not None and process.status() != psutil.STATUS_ZOMBIE
            same = process is not None and abs(process.create_time() - (self.created or 0.0)) < 1
        except psutil.NoSuchProcess:
            return None
        return process if alive and same else None


def write_standings(path: Path, standings: Sequence[Standing]) -> None:
    write_json(path, [asdict(each) for each in standings])


def read_standings(path: Path) -> list[Standing]:
    """How each process stood at the last change."""
    return [Standing(**each) for each in read_json(path) or ()]


def end_strays(path: Path) -> int:
    """Sees that nothing runs on that a killed supervisor left behind. Returns how many processes that were.

    They end by themselves, PostgreSQL in order; whoever has not after a while is killed.
    """
    left = [process for each in read_standings(path) if (process := each.process)]
    _, stubborn = psutil.wait_procs(left, LAST_WORDS_S)
    for process in stubborn:
        for each in (process, *process.children(recursive=True)):
            each.kill()
    psutil.wait_procs(stubborn, LAST_WORDS_S)
    path.unlink(missing_ok=True)
    return len(left)


class Lock:
    """One suite per folder. The system gives the lock back when its holder ends, however it ends."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds the lock. Raises `RunsAlready`."""
        with self._path.open("a+") as file:
            deadline = time.monotonic() + LOCK_TIMEOUT_S
            while not _locked(file.fileno(), fcntl.LOCK_EX):  # somebody may just be asking who the holder is
                if time.monotonic() > deadline:
                    raise RunsAlready(f"The suite runs already (pid {self.holder()}). `rapport down` stops it.")
                time.sleep(POLL_S)
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            try:
                yield
            finally:
                file.truncate(0)  # nobody should take an old pid for ours

    def holder(self) -> int | None:
        """The pid of the supervisor that runs now; None if none does."""
        try:
            with self._path.open() as file:
                if _locked(file.fileno(), fcntl.LOCK_SH):
                    return None
                return int(file.read() or 0) or None
        except FileNotFoundError:
            return None


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
