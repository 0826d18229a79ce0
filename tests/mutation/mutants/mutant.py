"""A guard, what takes it away, and the tests that must notice.

A guard is found by its text. One that is no longer there is an error: the list follows the code.
"""

from dataclasses import dataclass

CHASSIS = "shared/chassis/crm/chassis/"
TESTS = "shared/chassis/tests/"


@dataclass(frozen=True)
class Mutant:
    """One guard taken away: `guard` in `module` becomes `without`, and one of `tests` fails."""

    name: str
    module: str
    guard: str
    without: str
    tests: tuple[str, ...]


def mutant(name: str, module: str, guard: str, without: str, *tests: str) -> Mutant:
    return Mutant(name, CHASSIS + module, guard, without, tuple(TESTS + each for each in tests))
