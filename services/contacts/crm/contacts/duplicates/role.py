"""The role `duplicates`: compares who is new or changed, and works scans off. One process for both."""

import threading
from functools import partial

from crm.chassis.runtime import Runtime
from crm.chassis.together import run_together
from crm.contacts.duplicates.matching import match_changes
from crm.contacts.duplicates.scanning import work_off_scans


def find_duplicates(runtime: Runtime, stop: threading.Event) -> None:
    """Works until told to stop. A scan takes its time; what changes meanwhile is compared beside it."""
    run_together(
        {"matching": partial(match_changes, runtime, stop), "scans": partial(work_off_scans, runtime, stop)}, stop
    )
