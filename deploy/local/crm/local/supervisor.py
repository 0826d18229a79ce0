"""Keeps processes running: starts in order, starts again with back-off what crashed, stops in reverse order.

It knows nothing of the suite; `running` says what is kept.
"""

import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Protocol

import psutil

from crm.chassis.embedded.process import ServerFailed
from crm.local.state import Standing, write_standings

CHECK_EVERY_S = 0.5
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
STEADY_S = 60.0
"""A process that ran this long starts with the first back-off again."""

Told = Callable[[str], None]


class Part(Protocol):
    """Something that runs as a process of its own."""

    def start(self) -> object:
        """Starts it. Raises `ServerFailed` or `OSError`."""

    def stop(self) -> None:
        """Ends it in order, else by force; does nothing when it does not run."""

    @property
    def is_running(self) -> bool: ...

    @property
    def pid(self) -> int: ...


@dataclass
class Kept:
    """A part that should run, and what happened to it so far. Those of a higher layer stop first."""

    name: str
    part: Part
    log: Path
    layer: int
    restarts: int = 0
    started_at: float = 0.0
    backoff_s: float = 0.0
    due_at: float | None = None
    """When it starts again, on the monotonic clock; None while it runs."""

    def start(self) -> None:
        self.started_at = time.monotonic()
        self.part.start()

    def keep(self) -> str | None:
        """Notices its end, or starts it again when that is due. Tells what happened, if anything did."""
        if self.due_at is None:
            return None if self.part.is_running else self._wait(f"{self.name} ended")
        if time.monotonic() < self.due_at:
            return None
        self.restarts += 1
        try:
            self.start()
        except (ServerFailed, OSError) as failure:
            return self._wait(f"{self.name} did not start ({str(failure).partition(chr(10))[0]})")
        self.due_at = None
        return f"{self.name} runs again"

    def _wait(self, happened: str) -> str:
        now = time.monotonic()
        again = self.backoff_s and now - self.started_at < STEADY_S
        self.backoff_s = min(self.backoff_s * 2, LONGEST_BACKOFF_S) if again else FIRST_BACKOFF_S
        self.due_at = now + self.backoff_s
        return f"{happened}; it starts again in {self.backoff_s:g} s. Its log: {self.log}"

    @property
    def standing(self) -> Standing:
        """How it stands now."""
        if self.due_at is not None:
            return Standing(self.name, None, None, self.restarts, time.time() + self.due_at - time.monotonic())
        return Standing.of_running(self.name, self.part.pid, self.restarts)


@dataclass
class Supervisor:
    """Looks after parts. Start them from a thread that lives as long as they should: they end with it."""

    standings: Path
    """The file that says how each process stands."""
    tell: Told
    """Shows the next step of starting or stopping."""
    note: Told
    """Shows what happens meanwhile."""
    changed: Callable[[], None] = lambda: None
    """Called after a part ended or was started again."""
    kept: list[Kept] = field(default_factory=list)

    def start(self, name: str, part: Part, log: Path, *, layer: int) -> Kept:
        """Starts a part, and keeps it from now on. Raises `ServerFailed` or `OSError`."""
        new = Kept(name, part, log, layer)
        self.kept.append(new)
        new.start()
        self.write()
        return new

    def look(self) -> None:
        """Looks after every part once; those that start at once come before servers, which take a while."""
        for each in sorted(self.kept, key=lambda kept: -kept.layer):
            if happened := each.keep():
                self.write()
                self.changed()
                self.note(happened)

    def watch(self, stop: Event) -> None:
        """Looks after the parts until told to stop."""
        while not stop.wait(CHECK_EVERY_S):
            self.look()

    def end(self) -> None:
        """Stops everything, layer by layer, the highest first; what shares a layer stops together."""
        for layer in sorted({each.layer for each in self.kept}, reverse=True):
            together = [each.part for each in self.kept if each.layer == layer]
            with ThreadPoolExecutor(len(together)) as threads:
                list(threads.map(_stopped, together))
        self.kept.clear()
        self.standings.unlink(missing_ok=True)

    def write(self) -> None:
        """Writes how each process stands."""
        write_standings(self.standings, [each.standing for each in self.kept if each.due_at or each.part.is_running])


def end_children(but: Collection[psutil.Process] = ()) -> None:
    """Kills whatever this process has started and nobody keeps: an interrupted start may leave something."""
    children = [each for each in psutil.Process().children(recursive=True) if each not in but]
    for each in children:
        each.kill()
    psutil.wait_procs(children, timeout=10)


def _stopped(part: Part) -> None:
    part.stop()
