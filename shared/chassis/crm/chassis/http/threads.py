"""The threads of an app, in which commands and queries work: as many as the database pool has connections.

The event loop's own executor takes a third of the time that FastAPI's way into a thread takes.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

from anyio import to_thread

T = TypeVar("T")


def have_threads(number: int) -> None:
    """Sets how many work at once, of those who come this way and of those who come FastAPI's."""
    to_thread.current_default_thread_limiter().total_tokens = number
    executor = ThreadPoolExecutor(number, thread_name_prefix="endpoint")
    asyncio.get_running_loop().set_default_executor(executor)


async def in_a_thread(work: Callable[[], T]) -> T:
    """Works in a thread, in the context of the request. Whoever does not wait any more does not stop it."""
    return await asyncio.get_running_loop().run_in_executor(None, copy_context().run, work)
