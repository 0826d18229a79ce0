"""Working imports off, one after the other: dry runs, runs and reverts; and forgetting files whose time is over."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import psycopg

from crm.chassis.keys import KeyringUnavailable
from crm.chassis.log import Conflict, Disconnected
from crm.chassis.runtime import Runtime
from crm.contacts.importing.expiring import expire
from crm.contacts.importing.job import Job, take
from crm.contacts.importing.reverting import NotYet, revert_run
from crm.contacts.importing.running import rehearse_run, run

IDLE_S = 1.0
TIDY_EVERY_S = 600.0

_PASSING = (psycopg.OperationalError, Disconnected, KeyringUnavailable, Conflict, NotYet)
_WORK = {"rehearsing": rehearse_run, "running": run, "reverting": revert_run}
_log = logging.getLogger("crm.imports")


def work_off_imports(runtime: Runtime, stop: threading.Event) -> None:
    """Works imports off until told to stop; goes on after the database was away."""
    tidy_at = time.monotonic()
    while not stop.is_set():
        try:
            if time.monotonic() >= tidy_at:
                expire(runtime, timedelta(days=runtime.settings.import_keep_days))
                tidy_at = time.monotonic() + TIDY_EVERY_S
            job = take(runtime.database)
            if job is None:
                stop.wait(IDLE_S)
            else:
                work_off(runtime, job, stop.is_set)
        except _PASSING as error:
            _log.warning("imports wait", extra={"error": type(error).__name__})
            stop.wait(IDLE_S)


def work_off(runtime: Runtime, job: Job, stopped: Callable[[], bool] = lambda: False) -> None:
    """Does what an import waits for, from where it is. Returns early if stopped; somebody takes it up again."""
    _WORK[job.state](runtime, job, stopped)
