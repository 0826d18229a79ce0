"""Waiting for a condition with a deadline, never for a time."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

LOOK_AGAIN_S = 0.02


def eventually(
    look: Callable[[], T],
    *,
    within_s: float = 30.0,
    every_s: float = LOOK_AGAIN_S,
    passing: tuple[type[Exception], ...] = (AssertionError,),
) -> T:
    """What `look` gives as soon as it is true. After the deadline raises its last failure, if that is `passing`."""
    deadline = time.monotonic() + within_s
    while True:
        failure: Exception | None = None
        try:
            if found := look():
                return found
        except passing as error:
            failure = error
        if time.monotonic() > deadline:
            raise failure or AssertionError(f"The condition did not come true within {within_s:g} s.")
        threading.Event().wait(every_s)
