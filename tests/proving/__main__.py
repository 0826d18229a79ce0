"""Hunts for lost, doubled or reordered facts: `make prove`. It prints its seed first, by which a run is replayed."""

import argparse
import os
import random
import signal
import subprocess
import sys
from functools import partial

from tests.proving import kills, machine
from tests.proving.telling import say

MERGING = (
    "services/contacts/tests/test_p1_merge_unmerge.py",
    "services/contacts/tests/test_p4_time_travel.py",
    "services/contacts/tests/test_forgotten.py",
    "tests/integration/test_privacy.py",
)
"""Merging, time travel and erasure: tests of every day, here at full length."""


def main() -> int:
    """Ends with 1 if anything was lost, doubled, reordered or did not flow again."""
    given = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"SEED={given.seed}")
    parts = {
        "machine": partial(machine.prove, given.seed, given.examples or 60),
        "kills": partial(kills.prove, given.seed, kills.Goal(given.kills, given.facts, given.hours)),
        "merging": partial(prove_merging, given.seed, given.examples or 5_000),
    }
    chosen = [given.only] if given.only else list(parts)
    found = [name for name in chosen if not parts[name]()]
    say(f"Found wanting: {', '.join(found)}. SEED={given.seed}" if found else "All of it holds.")
    return 1 if found else 0


def arguments() -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("--only", choices=("machine", "kills", "merging"), help="one part; all if it is left out")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=60, help="processes to be killed")
    parser.add_argument("--facts", type=int, default=30_000, help="facts to be written meanwhile")
    parser.add_argument("--hours", type=float, help="how long the kill loop goes on, instead of KILLS and FACTS")
    parser.add_argument("--examples", type=int, help="runs of the state machine (60), and of each property (5000)")
    return parser.parse_args()


def prove_merging(seed: int, examples: int) -> bool:
    """P1, P4 and P6 of proof.md."""
    command = [sys.executable, "-m", "pytest", "--timeout=0", f"--hypothesis-seed={seed}", *MERGING]
    chosen = {"RAPPORT_EXAMPLES": str(examples), "RAPPORT_SEED": str(seed)}
    return subprocess.run(command, check=False, env=os.environ | chosen).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
