"""The steps at which the state machine kills are steps of the code as it is."""

from typing import Literal

import pytest

from tests.proving.crashing import APPENDING, PROJECTING, REBUILDING, RELAYING, Step, killed_at


@pytest.mark.parametrize("step", [*APPENDING, *RELAYING, *PROJECTING, *REBUILDING], ids=repr)
def test_each_step_can_be_the_last_one(step: Step) -> None:
    assert callable(getattr(step.owner, step.name))


@pytest.mark.parametrize(("when", "done"), [("before", []), ("after", [1])])
def test_a_kill_comes_before_or_after_its_step_and_once(when: Literal["before", "after"], done: list[int]) -> None:
    class Owner:
        @staticmethod
        def act() -> None:
            acts.append(1)

    acts: list[int] = []
    with killed_at(Step(Owner, "act", when)):
        Owner.act()
        raise AssertionError("It went on.")
    assert acts == done
    Owner.act()
    assert acts == [*done, 1]
