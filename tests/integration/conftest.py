"""One running suite for all tests of a run."""

from collections.abc import Generator, Iterator
from datetime import UTC, datetime

import pytest

from crm.chassis.testing.backends import temporary_folder
from tests.integration.running_suite import RunningSuite, end, start

MOST_WARNINGS = 50


@pytest.fixture(scope="session")
def suite() -> Iterator[RunningSuite]:
    """The suite, started once; tests share it, so each uses contacts of its own."""
    with temporary_folder() as folder:
        running = start(folder / "state")
        try:
            yield running
        finally:
            end(running.supervisor)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Shows beside a failure what the services warned of meanwhile: their logs go with the suite."""
    report = yield
    running = item.funcargs.get("suite")
    if report.failed and isinstance(running, RunningSuite):
        warnings = running.warnings(datetime.fromtimestamp(call.start, UTC))
        report.sections.append(("Warnings of the services", "\n".join(warnings[-MOST_WARNINGS:])))
    return report
