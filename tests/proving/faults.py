"""What is done to the suite: processes killed or frozen, servers stopped, the network cut. Each fault can be undone."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

import psutil

from tests.proving.proxy import DIRECTIONS, Direction, Proxy
from tests.proving.stage import Stage


class Fault(Protocol):
    """Something that goes wrong for a while."""

    @property
    def kills(self) -> int:
        """How many processes it kills."""

    def begin(self, stage: Stage) -> None: ...

    def end(self, stage: Stage) -> None:
        """Undoes what does not mend itself."""


@dataclass(frozen=True)
class Killed:
    """SIGKILL to roles; the supervisor starts them again."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"kill {', '.join(self.names)}"

    @property
    def kills(self) -> int:
        return len(self.names)

    def begin(self, stage: Stage) -> None:
        for process in processes(stage, self.names):
            process.kill()

    def end(self, stage: Stage) -> None: ...


@dataclass(frozen=True)
class Frozen:
    """SIGSTOP to a role, then SIGCONT: it wakes up in a world that went on."""

    name: str

    kills = 0

    def __str__(self) -> str:
        return f"freeze {self.name}"

    def begin(self, stage: Stage) -> None:
        for process in processes(stage, (self.name,)):
            process.suspend()

    def end(self, stage: Stage) -> None:
        for process in processes(stage, (self.name,)):
            process.resume()


@dataclass(frozen=True)
class ServerDown:
    """A server that ends without last words, and is started again."""

    server: Literal["postgres", "kafka"]
    immediate: bool = False
    """PostgreSQL is told to stop at once (SIGQUIT) instead of being killed."""

    kills = 1

    def __str__(self) -> str:
        return f"{'immediate stop of' if self.immediate else 'kill'} {self.server}"

    def begin(self, stage: Stage) -> None:
        if self.server == "kafka":
            stage.kafka.kill()
        elif self.immediate:
            stage.postgres.stop(immediate=True)
        else:
            stage.postgres.kill()

    def end(self, stage: Stage) -> None:
        server = stage.kafka if self.server == "kafka" else stage.postgres
        server.start(120)


@dataclass(frozen=True)
class ServerFrozen:
    """A server with all its processes that stands still, and goes on."""

    server: Literal["postgres", "kafka"]

    kills = 0

    def __str__(self) -> str:
        return f"freeze {self.server}"

    def begin(self, stage: Stage) -> None:
        self._signal(stage, signal.SIGSTOP)

    def end(self, stage: Stage) -> None:
        self._signal(stage, signal.SIGCONT)

    def _signal(self, stage: Stage, sent: signal.Signals) -> None:
        process = psutil.Process(stage.kafka.pid if self.server == "kafka" else stage.postgres.pid)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                each.send_signal(sent)


@dataclass(frozen=True)
class BadNetwork:
    """The way to a server is slow, cut, or a black hole in some directions, which ends with a cut."""

    server: Literal["postgres", "kafka"]
    kind: Literal["latency", "reset", "black hole"]
    directions: tuple[Direction, ...] = DIRECTIONS
    delay_s: float = 0.0

    kills = 0

    def __str__(self) -> str:
        if self.kind == "latency":
            return f"latency of {self.delay_s * 1000:.0f} ms to {self.server}"
        told = "" if self.kind == "reset" or len(self.directions) > 1 else f" {self.directions[0]}"
        return f"{self.kind} at {self.server}{told}"

    def begin(self, stage: Stage) -> None:
        proxy = self._proxy(stage)
        if self.kind == "latency":
            proxy.delay(self.delay_s)
        elif self.kind == "black hole":
            proxy.hold(*self.directions)
        else:
            proxy.reset()

    def end(self, stage: Stage) -> None:
        proxy = self._proxy(stage)
        if self.kind == "black hole":
            proxy.reset()  # what was swallowed is lost: an answer, or a commit that nobody heard of
        proxy.release()

    def _proxy(self, stage: Stage) -> Proxy:
        return stage.to_kafka if self.server == "kafka" else stage.to_postgres


def processes(stage: Stage, names: tuple[str, ...]) -> Iterator[psutil.Process]:
    """The processes of roles as they are now; one that waits to be started again is not there."""
    for each in stage.suite.described["processes"]:
        if each["name"] in names:
            with suppress(psutil.NoSuchProcess):
                yield psutil.Process(each["pid"])
