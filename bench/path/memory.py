"""How quick memory is at a moment. On a shared machine neighbours slow it, and with it all that is measured here."""

import time
from array import array
from functools import cache

STEPS, TIMES = 200_000, 3
FAR, NEAR = 2**22, 2**8
"""Numbers of eight bytes: far more than a core's own caches hold, and so few that they stay in the first."""


def latency_ns() -> float:
    """Nanoseconds that a step through 32 MiB waits for memory, when where to go next stands where one arrives.

    The same 200,000 places each time: the cache that all cores share has them, as far as others leave it alone.
    """
    return max(0.0, _step_ns(FAR) - _step_ns(NEAR))


def _step_ns(size: int) -> float:
    """The best of some: what interrupts a walk only makes it longer."""
    return min(_walk_ns(_ways(size)) for _ in range(TIMES)) / STEPS


def _walk_ns(ways: "array[int]") -> int:
    at, began = 0, time.perf_counter_ns()
    for _ in range(STEPS):
        at = ways[at]
    return time.perf_counter_ns() - began


@cache
def _ways(size: int) -> "array[int]":
    """One round through all places, in an order that no processor foresees.

    A linear congruential generator goes through all remainders of a power of two if its factor is 1 modulo 4 and its
    addend is odd (Hull and Dobell, 1962).
    """
    return array("q", ((1_664_525 * at + 1_013_904_223) % size for at in range(size)))
