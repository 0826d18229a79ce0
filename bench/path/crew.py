"""Processes that do one piece of work each, when all of them are ready, and end with whoever started them."""

import gc
import multiprocessing
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from typing import Any

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 5.0

_context = multiprocessing.get_context("forkserver")


@dataclass(frozen=True)
class Told:
    """What a worker has: it says when it is ready, and hears when to stop."""

    stop: Event
    _pipe: Connection

    def ready(self) -> float:
        """Says that all is prepared, waits for the start, and returns its moment (monotonic, in seconds)."""
        self._pipe.send(None)
        return float(self._pipe.recv())


class Failed(RuntimeError):  # noqa: N818 (named as people speak)
    """A worker did not do its work. The text says what it raised."""


class Worker:
    """One process at work."""

    def __init__(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        self._pipe, theirs = _context.Pipe()
        self.stop = _context.Event()
        self._name = work.__name__
        self._process: ForkServerProcess = _context.Process(
            target=_work, args=(work, Told(self.stop, theirs), arguments), daemon=True
        )
        self._process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        self._receive(READY_WITHIN_S)

    def start(self, moment: float) -> None:
        self._pipe.send(moment)

    def result(self, timeout_s: float) -> Any:
        """What the work returned. Raises `Failed`."""
        return self._receive(timeout_s)

    def end(self) -> None:
        """Makes it stop, in whatever it is doing."""
        self.stop.set()
        self._process.join(ENDS_WITHIN_S if self._process.exitcode is None else 0)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def kill(self) -> None:
        """Ends it as `kill -9` does."""
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _receive(self, timeout_s: float) -> Any:
        if not self._pipe.poll(timeout_s):
            raise Failed(f"{self._name} said nothing for {timeout_s:g} s")
        try:
            said = self._pipe.recv()
        except EOFError:
            raise Failed(f"{self._name} ended without a word") from None
        if isinstance(said, Exception):
            raise Failed(f"{self._name}: {type(said).__name__}: {said}") from said
        return said


@contextmanager
def at_work(*jobs: tuple[Callable[..., Any], tuple[Any, ...]]) -> Iterator[list[Worker]]:
    """Starts workers, lets them begin together once all are ready, and ends them with the block."""
    workers: list[Worker] = []
    try:
        workers += [Worker(work, arguments) for work, arguments in jobs]
        for each in workers:
            each.wait_until_ready()
        moment = time.monotonic()
        for each in workers:
            each.start(moment)
        yield workers
    finally:
        for each in workers:
            each.stop.set()
        for each in workers:
            each.end()


def results(workers: list[Worker], timeout_s: float) -> list[Any]:
    """What all of them returned."""
    return [each.result(timeout_s) for each in workers]


def prepare() -> None:
    """Loads what workers need once, so that each of them starts in a moment."""
    _context.set_forkserver_preload(["bench.path.chaining", "bench.path.rebuilding", "bench.path.windows"])


def _work(work: Callable[..., Any], told: Told, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it is told, and ends it
    gc.collect()
    gc.freeze()  # as the roles of a service do
    try:
        told._pipe.send(work(told, *arguments))
    except Exception as error:
        told._pipe.send(RuntimeError(f"{type(error).__name__}: {error}"))
