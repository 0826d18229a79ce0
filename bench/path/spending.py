"""CPU seconds: of everything that takes part in a measurement, by what it is, and of the whole machine."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from bench.path.lines import Cpu

_PROGRAMS = {"postgres": "PostgreSQL", "java": "Java", "pgbench": "pgbench"}


@dataclass
class Spent:
    """CPU seconds of this process with all it has started: clients, servers and workers."""

    by: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_s(self) -> float:
        return sum(self.by.values())

    def per_thousand(self, facts: float) -> Cpu | None:
        return Cpu({who: spent * 1000 / facts for who, spent in self.by.items()}) if facts else None


@contextmanager
def spending() -> Iterator[Spent]:
    """Counts what the block spends, in this process and below."""
    spent, before = Spent(), _spent()
    yield spent
    spent.by = {who: seconds - before.get(who, 0.0) for who, seconds in _spent().items()}


def busy_s() -> float:
    """CPU seconds that the whole machine has spent since it started, on whatever."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0))


def _spent() -> dict[str, float]:
    """Also by children that have ended."""
    found: dict[str, float] = defaultdict(float)
    for each in (psutil.Process(), *psutil.Process().children(recursive=True)):
        try:
            with each.oneshot():
                found[_PROGRAMS.get(each.name(), "Python")] += sum(each.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue
    return found
