"""Where the story plays: a suite of its own in a temporary folder, on ports that are free."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from crm.chassis.embedded.process import ServerFailed
from crm.local.parts import require_ports
from crm.local.suite import Layout

FIRST, LAST, STEP = 20_000, 32_000, 100


@contextmanager
def temporary_layout() -> Iterator[Layout]:
    """A suite's place that is gone afterwards. Servers that are given for other suites are left alone."""
    for given in ("RAPPORT_POSTGRES", "RAPPORT_KAFKA"):
        os.environ.pop(given, None)  # what the story leaves on them would stay
    with TemporaryDirectory(prefix="rapport-demo-", ignore_cleanup_errors=True) as folder:
        yield free_layout(Path(folder))


def free_layout(folder: Path) -> Layout:
    """A place with free ports. Raises `ServerFailed` if there are none."""
    first = FIRST + os.getpid() % 50 * STEP  # two stories at once begin to look at different places
    for base in (*range(first, LAST, STEP), *range(FIRST, first, STEP)):
        layout = Layout(folder, base)
        try:
            require_ports(layout)
        except ServerFailed:
            continue
        return layout
    raise ServerFailed(f"No ports are free between {FIRST} and {LAST}.")
