"""One running suite for all tests of a run."""

from collections.abc import Iterator

import pytest

from crm.chassis.testing.backends import temporary_folder
from tests.integration.running_suite import RunningSuite, end, start


@pytest.fixture(scope="session")
def suite() -> Iterator[RunningSuite]:
    """The suite, started once; tests share it, so each uses contacts of its own."""
    with temporary_folder() as folder:
        running = start(folder / "state")
        try:
            yield running
        finally:
            end(running.supervisor)
