"""`bench/RESULTS.md`: the table, what stands behind it, and on what machine it was measured."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import psutil

from bench.path import machine
from bench.path.lines import COUNT, PER_SECOND, Cpu, Figure, Line
from bench.path.plotting import PLOTS

RESULTS = Path(__file__).parents[1] / "RESULTS.md"
QUIET, SATURATED = 0.1, 0.75
"""Shares of the processors: taken by others at most, and taken by us at least."""
_HEAD = """# The event path beside its peers

Written by `make bench`. All of it runs on one machine, clients and servers: PostgreSQL with fsync, Kafka with
acks of all. Contestants of a line take turns in the same run, each on a database that was vacuumed and checkpointed
before; figures are medians, a p99 is the median of the runs'. Ratios are the result, absolute figures are context.
Latencies count from the moment something was due. CPU seconds are those of all processes together: clients, servers
and workers.
"""
_PLOTS = """
## Plots

![Rates]({rates})

![Latencies]({latencies})
"""


def write(lines: Sequence[Line], failed: Mapping[str, str], *, quick: bool, seconds: float, others: float) -> None:
    """Writes the whole file. `others` is the share of the machine's CPU time that somebody else had meanwhile."""
    size = "a tenth of the size, each run once: for a look, not for comparison" if quick else "full size"
    parts = [
        _HEAD,
        f"{size.capitalize()}, measured in {seconds / 60:.0f} minutes. {_apart(others)}",
        "",
        *machine.memory(_figures(lines).values()),
        "",
        *_table(lines),
    ]
    parts += ["", "## Latencies, ms", "", *_latencies(lines), "", "## CPU seconds per 1,000 facts", "", *_cpu(lines)]
    if stopped := list(_limits(lines)):
        parts += ["", "## What stops the rates below their goals", "", *stopped]
    parts += ["", "## Machine and versions", "", *machine.described(), "", *_missing(lines, failed)]
    parts += [_PLOTS.format(**{name: f"{PLOTS.name}/{name}.png" for name in ("rates", "latencies")})]
    RESULTS.write_text("\n".join(parts).rstrip() + "\n")


def _apart(others: float) -> str:
    quiet = "The machine was quiet" if others < QUIET else "**The machine was busy, so only ratios mean something**"
    return f"{quiet}: other work took {others:.0%} of its CPU time meanwhile."


def _table(lines: Iterable[Line]) -> Iterator[str]:
    yield "| line | ours | best peer beside it | ratio | limit | goal | met |"
    yield "|---|---|---|---|---|---|---|"
    for line in lines:
        ratio = f"{line.ratio:.1f}x" if line.ratio else "–"
        name = f"{line.name} ({line.note})" if line.note else line.name
        cells = (name, _value(line, line.ours), _named(line, line.best_peer), ratio, _named(line, line.limit))
        yield f"| {' | '.join(cells)} | {_goal(line)} | {'yes' if line.is_met else '**no**'} |"


def _latencies(lines: Iterable[Line]) -> Iterator[str]:
    yield "| line | who | p50 | p95 | p99 |"
    yield "|---|---|---|---|---|"
    for (about, who), figure in _figures(lines).items():
        if cuts := figure.cuts:
            yield f"| {about} | {who} | {cuts.p50:.1f} | {cuts.p95:.1f} | {cuts.p99:.1f} |"


def _cpu(lines: Iterable[Line]) -> Iterator[str]:
    yield "| line | who | CPU s per 1,000 | of it |"
    yield "|---|---|---|---|"
    for (about, who), figure in _figures(lines).items():
        if cpu := figure.cpu:
            yield f"| {about} | {who} | {cpu.total:.3f} | {_shares(cpu)} |"


def _limits(lines: Iterable[Line]) -> Iterator[str]:
    """For each line that misses its goal: how much of the machine it took, what stops it here, and each of its runs."""
    cores = psutil.cpu_count() or 1
    for line in lines:
        pace = line.ours.value if line.unit == PER_SECOND else line.pace
        if line.is_met or not pace or not (cpu := line.ours.cpu):
            continue
        busy = pace * cpu.total / 1000
        runs = ", ".join(_shown(line, each.value) for each in line.ours.runs)
        took = f"{busy:.1f} of {cores} cores were busy ({_shares(cpu)})"
        waited = ", ".join(f"{each.memory_ns:.0f}" for each in line.ours.runs if each.memory_ns)
        yield f"- {line.name}: {took}. {_wall(line, cpu, busy, cores)} Its runs: {runs}; memory took {waited} ns."


def _wall(line: Line, cpu: Cpu, busy: float, cores: int) -> str:
    if line.unit == PER_SECOND:
        most = cores * 1000 / cpu.total
        ends = f"At {cpu.total:.3f} CPU seconds per 1,000 this machine ends at {most:,.0f}/s, were it never idle"
        if busy < SATURATED * cores:
            ends += f"; but parts of it take turns, and one core ends at {most / cores:,.0f}/s"
        return f"{ends}.{_ratio_limit(line, cores)}"
    if busy < SATURATED * cores:
        return "It was not for the processors that this waited."
    return "Whatever comes while all of them are waits its turn."


def _ratio_limit(line: Line, cores: int) -> str:
    """What the ratio to a peer would take, beside what the limit takes that does nothing else."""
    peer = line.best_peer
    if not (peer and line.ratio_goal and line.ratio and line.ratio < line.ratio_goal):
        return ""
    wanted = line.ratio_goal * peer.value
    text = f" {line.ratio_goal:g}x {peer.who} is {wanted:,.0f}/s, {cores * 1000 / wanted:.3f} CPU seconds per 1,000"
    if line.limit and line.limit.runs and line.limit.cpu:
        text += f"; {line.limit.who} takes {line.limit.cpu.total:.3f}"
    return f"{text}."


def _shares(cpu: Cpu) -> str:
    by = sorted(cpu.by.items(), key=lambda each: -each[1])
    return ", ".join(f"{who} {spent / cpu.total:.0%}" for who, spent in by if spent >= cpu.total / 100)


def _figures(lines: Iterable[Line]) -> dict[tuple[str, str], Figure]:
    """Everybody's figures; the lines of two percentiles of the same runs are one."""
    return {
        (line.name.partition(", p")[0], figure.who): figure
        for line in lines
        for figure in (line.ours, *line.peers, *filter(None, [line.limit]))
    }


def _missing(lines: Iterable[Line], failed: Mapping[str, str]) -> Iterator[str]:
    absent = {about: figure.missing for about, figure in _figures(lines).items() if figure.missing}
    if absent or failed:
        yield "## Not measured"
        yield ""
        yield from (f"- {who} ({about}): {_plain(why)}" for (about, who), why in absent.items())
        yield from (f"- all of `{subject}`: {_plain(why)}" for subject, why in failed.items())


def _named(line: Line, figure: Figure | None) -> str:
    return f"{_value(line, figure)} ({figure.who})" if figure else "–"


def _value(line: Line, figure: Figure) -> str:
    if not figure.runs:
        return "not measured"
    return _shown(line, figure.value)


def _shown(line: Line, value: float) -> str:
    return f"{value:,.0f}{line.unit}" if line.unit in (PER_SECOND, COUNT) else f"{value:.1f} {line.unit}"


def _goal(line: Line) -> str:
    sign = "≤" if line.less_is_better else "≥"
    figure = f"{sign} {line.goal:,.0f}{line.unit if line.unit in (PER_SECOND, COUNT) else f' {line.unit}'}"
    return f"{figure}, ≥ {line.ratio_goal:g}x" if line.ratio_goal else figure


def _plain(why: str) -> str:
    return " ".join(why.split())
