"""Takes each guard of the event path away, one at a time, and shows which test notices: `make mutate`.

A guard whose loss no test notices is an error. Everything happens in a copy of the tree; the code here is not touched.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from crm.chassis.testing.backends import kafka_backend, postgres_backend, temporary_folder
from tests.mutation.mutants import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared/events", "shared/chassis")
TIMEOUT_S = 120
FAILED = 1
"""What pytest ends with if tests failed; anything else says that they did not even run."""
HUNG = -1


def main() -> int:
    """Prints a line per guard. Ends with 1 if one survives, or is not where the list says."""
    parser = argparse.ArgumentParser(prog="mutate", description=__doc__)
    parser.add_argument("only", nargs="*", help="words of a guard's name or module; none: all guards")
    words = parser.parse_args().only
    chosen = [each for each in MUTANTS if all(word in f"{each.module} {each.name}" for word in words)]
    if not chosen:
        parser.error(f"No guard is called {' '.join(words)}.")
    with temporary_folder() as folder, postgres_backend() as postgres, kafka_backend() as kafka:
        tree = copy_tree(folder / "tree")
        paths = os.pathsep.join(str(tree / each) for each in PACKAGES)
        servers = {"RAPPORT_POSTGRES": postgres.dsn, "RAPPORT_KAFKA": kafka.bootstrap}
        environment = os.environ | servers | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
        if reason := healthy(tree, chosen, environment):
            say(f"The tests fail with every guard in place:\n{reason}")
            return 1
        wrong = [each for each in chosen if not notices(tree, each, environment)]
    say(f"\n{len(chosen) - len(wrong)} of {len(chosen)} guards are noticed by a test when they are gone.")
    return 1 if wrong else 0


def copy_tree(folder: Path) -> Path:
    """The chassis and the language it speaks, with their tests, as they are now."""
    for each in PACKAGES:
        shutil.copytree(ROOT / each, folder / each, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, folder / name)
    return folder


def healthy(tree: Path, mutants: Iterable[Mutant], environment: Mapping[str, str]) -> str:
    """Runs all tests that are asked for with nothing taken away; what they print if they fail."""
    tests = sorted({test for each in mutants for test in each.tests})
    done = run(tree, tests, environment, timeout_s=TIMEOUT_S * 10)
    return "" if done.returncode == 0 else done.stdout[-4_000:]


def notices(tree: Path, mutant: Mutant, environment: Mapping[str, str]) -> bool:
    """Takes a guard away, runs the tests that should notice, puts it back, and says what happened."""
    module = tree / mutant.module
    source = module.read_text("utf-8")
    if source.count(mutant.guard) != 1:
        say(f"LOST      {mutant.name}: the guard stands {source.count(mutant.guard)} times in {mutant.module}")
        return False
    began = time.monotonic()
    module.write_text(source.replace(mutant.guard, mutant.without), "utf-8")
    try:
        done = run(tree, mutant.tests, environment, timeout_s=TIMEOUT_S * 3)
    finally:
        module.write_text(source, "utf-8")
    seconds = time.monotonic() - began
    by = re.search(r"^(?:FAILED|ERROR) \S*?([^/\s]+\.py::\S+)", done.stdout, re.MULTILINE)
    if done.returncode != FAILED or not by:
        say(f"SURVIVES  {mutant.name}  ({seconds:.1f} s, pytest ended with {done.returncode})")
        return False
    say(f"caught    {mutant.name}  by {by[1]}  ({seconds:.1f} s)")
    return True


def run(
    tree: Path, tests: Iterable[str], environment: Mapping[str, str], *, timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Runs tests of the copy until the first that fails. Those that hang tell nobody what is wrong."""
    quiet = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", f"--timeout={TIMEOUT_S}")
    command = [sys.executable, "-m", "pytest", *quiet, *tests]
    try:
        return subprocess.run(
            command, cwd=tree, capture_output=True, text=True, check=False, timeout=timeout_s, env=dict(environment)
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, HUNG, f"They hung for {timeout_s:g} s.")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
