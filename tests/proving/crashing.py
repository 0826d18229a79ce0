"""Crashes at chosen places: a thread ends where it stands, as a killed process does."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal, NamedTuple
from unittest.mock import patch

from crm.chassis.log import PostgresStore
from crm.chassis.projection import erasure, parking, places, swapping
from crm.chassis.projection.batch import Batch
from crm.chassis.projection.feed import Feed
from crm.chassis.projection.rows import Table
from crm.chassis.relay import Leadership
from crm.chassis.relay.sending import Sending

_rebuilding = import_module("crm.chassis.projection.rebuild")  # the package's own name is the function in it


class Killed(BaseException):
    """Nothing that is made for errors catches it."""


KILLED: Counter[str] = Counter()
"""How often each step was the last one."""


class Step(NamedTuple):
    """A step of the event path, and whether the crash comes before or after it."""

    owner: Any
    name: str
    when: Literal["before", "after"]

    def __repr__(self) -> str:
        return f"{self.when} {self.owner.__name__.rpartition('.')[2]}.{self.name}"


def steps(*named: tuple[Any, str]) -> tuple[Step, ...]:
    """Each of them, before and after."""
    return tuple(step for owner, name in named for step in (Step(owner, name, "before"), Step(owner, name, "after")))


APPENDING = steps((PostgresStore, "load"), (PostgresStore, "append"))
RELAYING = steps((Leadership, "take"), (Sending, "send"), (Sending, "settled"), (Leadership, "save"))
PROJECTING = steps(
    (places, "compare"),
    (places, "known"),
    (places, "save"),
    (parking, "keep"),
    (places, "move"),
    (erasure, "take_turns"),
    (erasure, "apply"),
    (Batch, "outcome"),  # what was done is committed
)
REBUILDING = steps(
    (_rebuilding, "scan_log"), (Table, "create"), (Feed, "take"), (swapping, "switch"), (swapping, "tidy")
)


@contextmanager
def killed_at(step: Step | None) -> Iterator[None]:
    """Whatever reaches this step within the block for the first time is killed there, and the block ends."""
    if step is None:
        yield
        return
    original: Callable[..., Any] = getattr(step.owner, step.name)
    lives = [True]

    def kill(*arguments: Any, **options: Any) -> Any:
        if not lives:
            return original(*arguments, **options)
        lives.clear()
        if step.when == "after":
            original(*arguments, **options)
        KILLED[repr(step)] += 1
        raise Killed

    with patch.object(step.owner, step.name, kill):
        try:
            yield
        except Killed:
            return
