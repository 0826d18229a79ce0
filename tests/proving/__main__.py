"""Hunts for lost, doubled or reordered facts: `make prove`. It prints its seed first, by which a run is replayed."""

import argparse
import random
import signal
import sys

from tests.proving import kills, machine
from tests.proving.telling import say


def main() -> int:
    """Ends with 1 if anything was lost, doubled, reordered or did not flow again."""
    parser = argparse.ArgumentParser(prog="prove", description=__doc__)
    parser.add_argument("--only", choices=("kills", "machine"), help="one part; both if it is left out")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1_000_000))
    parser.add_argument("--kills", type=int, default=60, help="processes to be killed")
    parser.add_argument("--facts", type=int, default=30_000, help="facts to be written meanwhile")
    parser.add_argument("--hours", type=float, help="how long the kill loop goes on, instead of KILLS and FACTS")
    parser.add_argument("--examples", type=int, default=100, help="runs of the state machine")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    say(f"SEED={given.seed}")
    clean = True
    if given.only != "kills":
        clean = machine.prove(given.seed, given.examples)
    if given.only != "machine":
        clean &= kills.prove(given.seed, kills.Goal(given.kills, given.facts, given.hours))
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main())
