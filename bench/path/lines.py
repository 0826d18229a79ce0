"""What is measured: runs, who made them, and the line of the table they end in."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from bench.path.memory import latency_ns

SEED = 20261126
PER_SECOND, MILLISECONDS, MICROSECONDS, PERCENT, COUNT = "/s", "ms", "µs", "%", ""


@dataclass(frozen=True)
class Cuts:
    """Latencies of one run, in milliseconds."""

    p50: float
    p95: float
    p99: float

    @classmethod
    def of(cls, latencies_s: Sequence[float]) -> "Cuts":
        cuts = statistics.quantiles(latencies_s, n=100, method="inclusive")
        return cls(*(cuts[at] * 1000 for at in (49, 94, 98)))


@dataclass(frozen=True)
class Cpu:
    """CPU seconds of everything that took part, per 1,000 facts, by what it was."""

    by: Mapping[str, float]

    @property
    def total(self) -> float:
        return sum(self.by.values())


@dataclass(frozen=True)
class Run:
    """One run of one contestant."""

    value: float
    cpu: Cpu | None = None
    """None where nobody counted."""
    cuts: Cuts | None = None
    memory_ns: float | None = None
    """How long memory took to answer right before and after it."""


@dataclass(frozen=True)
class Figure:
    """All runs of one contestant. Without runs, `missing` says why."""

    who: str
    runs: tuple[Run, ...] = ()
    missing: str = ""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(each.value for each in self.runs)

    @property
    def cpu(self) -> Cpu | None:
        """That of the run in the middle."""
        counted = sorted((each.cpu for each in self.runs if each.cpu), key=lambda each: each.total)
        return counted[len(counted) // 2] if counted else None

    @property
    def cuts(self) -> Cuts | None:
        """The median of each percentile: a stall of the machine in one run is not ours."""
        found = [each.cuts for each in self.runs if each.cuts]
        if not found:
            return None
        return Cuts(*(statistics.median(getattr(each, name) for each in found) for name in ("p50", "p95", "p99")))

    def at(self, percentile: str) -> "Figure":
        """The same runs, judged by one percentile of their latencies."""
        runs = tuple(replace(each, value=getattr(each.cuts, percentile)) for each in self.runs if each.cuts)
        return replace(self, runs=runs)


@dataclass(frozen=True)
class Line:
    """One line of the table. A goal is a number that must be reached, and perhaps a ratio to a peer."""

    name: str
    unit: str
    ours: Figure
    goal: float
    peers: tuple[Figure, ...] = ()
    limit: Figure | None = None
    ratio_goal: float | None = None
    pace: float | None = None
    """Of a latency: at how many a second it was measured."""
    note: str = ""

    @property
    def less_is_better(self) -> bool:
        return self.unit != PER_SECOND

    @property
    def best_peer(self) -> Figure | None:
        there = [each for each in self.peers if each.runs]
        choose = min if self.less_is_better else max
        return choose(there, key=lambda each: each.value) if there else None

    @property
    def ratio(self) -> float | None:
        """How many times better than the best peer."""
        peer = self.best_peer
        if peer is None or not self.ours.runs or not self.ours.value or not peer.value:
            return None
        return peer.value / self.ours.value if self.less_is_better else self.ours.value / peer.value

    @property
    def is_met(self) -> bool:
        if not self.ours.runs:
            return False
        reached = self.ours.value <= self.goal if self.less_is_better else self.ours.value >= self.goal
        return reached and (self.ratio_goal is None or self.ratio is None or self.ratio >= self.ratio_goal)


def interleaved(
    rounds: int, contestants: Mapping[str, Callable[[], Run]], before: Callable[[], None] = lambda: None
) -> dict[str, Figure]:
    """Lets contestants run in turns, and does something `before` each run. One that fails is told as missing."""
    figures = {who: Figure(who) for who in contestants}
    for number in range(rounds):
        for who, run in contestants.items():
            if figures[who].missing:
                continue
            before()
            try:
                quick_ns = latency_ns()
                made = run()
                made = replace(made, memory_ns=(quick_ns + latency_ns()) / 2)
            except Exception as error:
                figures[who] = Figure(who, missing=f"{type(error).__name__}: {error}"[:400])
                tell(f"    {who}: failed, {figures[who].missing}")
                continue
            figures[who] = replace(figures[who], runs=(*figures[who].runs, made))
            tell(f"    {number + 1}/{rounds} {who}: {shown(made)}")
    return figures


def shown(run: Run) -> str:
    """A run in short, for whoever watches."""
    cuts = f", p50 {run.cuts.p50:.2f} p95 {run.cuts.p95:.2f} p99 {run.cuts.p99:.2f} ms" if run.cuts else ""
    cpu = f", {run.cpu.total:.3f} CPU s per 1,000" if run.cpu else ""
    return f"{run.value:,.2f}{cuts}{cpu}"


class Pace:
    """Counts facts from the end of the first batch on, so that joining a group is nobody's disadvantage."""

    def __init__(self, wanted: int) -> None:
        self._wanted, self._seen, self._first = wanted, 0, 0
        self._began = self._ended = 0.0

    def took(self, facts: int) -> bool:
        """True once all are there."""
        self._ended = time.monotonic()
        self._seen += facts
        if facts and not self._first:
            self._began, self._first = self._ended, self._seen
        return self.is_done

    @property
    def is_done(self) -> bool:
        return self._seen >= self._wanted

    @property
    def rate(self) -> float:
        """Facts per second."""
        return (self._seen - self._first) / (self._ended - self._began)


def tell(text: str) -> None:
    """Progress, for whoever watches."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()
