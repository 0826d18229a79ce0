"""`python -m bench.path`: measures every line, writes `bench/RESULTS.md` and the plots beside it."""

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from types import FrameType

from bench.path import appending, chaining, crew, projecting, publishing, reading, rebuilding, relaying, sealing, windows
from bench.path.lines import Line, tell
from bench.path.stage import FULL, QUICK, Stage

SUBJECTS: Mapping[str, Callable[[Stage], list[Line]]] = {
    "append": appending.lines,
    "relay": relaying.lines,
    "project": projecting.lines,
    "publish": publishing.lines,
    "read": reading.lines,
    "chain": chaining.lines,
    "rebuild": rebuilding.lines,
    "seal": sealing.lines,
    "window": windows.lines,
}


def main() -> int:
    """Prints the table; returns 1 if a line could not be measured."""
    parser = argparse.ArgumentParser(prog="bench.path", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, each run once")
    parser.add_argument("--only", nargs="+", choices=SUBJECTS, default=list(SUBJECTS), metavar="WORD")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupted)
    crew.prepare()
    measured: list[Line] = []
    failed: dict[str, str] = {}
    with Stage(QUICK if given.quick else FULL) as stage:
        for subject in given.only:
            began = time.monotonic()
            tell(f"{subject}:")
            try:
                measured += SUBJECTS[subject](stage)
            except Exception as error:
                failed[subject] = f"{type(error).__name__}: {error}"
                tell(f"    failed: {failed[subject]}")
            tell(f"    {time.monotonic() - began:.0f} s")
    for line in measured:
        print(line.name, line.ours.value, [(p.who, p.value if p.runs else p.missing) for p in line.peers], line.limit and line.limit.runs and line.limit.value, line.ratio)
    return 1 if failed else 0


def _interrupted(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
