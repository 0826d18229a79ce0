"""`python -m bench.path`: measures every line, writes `bench/RESULTS.md` and the plots beside it."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

from bench.path import (
    appending,
    chaining,
    commanding,
    crew,
    killing,
    projecting,
    publishing,
    reading,
    rebuilding,
    relaying,
    report,
    sealing,
    tracing,
    windows,
)
from bench.path.lines import Line, tell
from bench.path.plotting import plot
from bench.path.spending import busy_s, spending
from bench.path.stage import FULL, QUICK, Stage

SUBJECTS: Mapping[str, Callable[[Stage], list[Line]]] = {
    "append": appending.lines,
    "command": commanding.lines,
    "relay": relaying.lines,
    "publish": publishing.lines,
    "read": reading.lines,
    "project": projecting.lines,
    "chain": chaining.lines,
    "rebuild": rebuilding.lines,
    "seal": sealing.lines,
    "trace": tracing.lines,
    "window": windows.lines,
    "kill": killing.lines,
}


def main() -> int:
    """Returns 1 if a line could not be measured. A goal that is missed is a result, and no failure."""
    parser = argparse.ArgumentParser(prog="bench.path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, each run once")
    parser.add_argument(
        "--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="WORD", help=", ".join(SUBJECTS)
    )
    given = parser.parse_args()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, _interrupted)
    crew.prepare()
    began, busy_before = time.monotonic(), busy_s()
    try:
        with spending() as spent:
            lines, failed = measure(given.only, quick=given.quick)
    except KeyboardInterrupt:
        tell("interrupted; nothing is written")
        return 130
    seconds = time.monotonic() - began
    others = max(0.0, busy_s() - busy_before - spent.cpu_s) / (seconds * (os.cpu_count() or 1))
    report.write(lines, failed, quick=given.quick, seconds=seconds, others=others)
    plot(lines)
    sys.stdout.write(report.RESULTS.read_text())
    return 1 if failed or any(each.ours.missing for each in lines) else 0


def measure(subjects: Sequence[str], *, quick: bool) -> tuple[list[Line], dict[str, str]]:
    """The lines of all subjects, and why those failed that did."""
    lines: list[Line] = []
    failed: dict[str, str] = {}
    with Stage(QUICK if quick else FULL) as stage:
        for subject in subjects:
            began = time.monotonic()
            tell(subject)
            try:
                stage.clear()
                lines += SUBJECTS[subject](stage)
            except Exception as error:
                failed[subject] = f"{type(error).__name__}: {error}"
                tell(f"    failed: {failed[subject]}")
            tell(f"    {time.monotonic() - began:.0f} s")
    return lines, failed


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
