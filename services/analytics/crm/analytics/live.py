"""The role `live`: counts touchpoints per minute while they happen. Off the path that must be right."""

import logging
import threading
from datetime import UTC, datetime
from functools import partial

from crm.analytics.live_counts import write
from crm.analytics.window import Window
from crm.chassis.database import Database
from crm.chassis.projection.failures import TRANSIENT, kind
from crm.chassis.projection.standing import SERVICES
from crm.chassis.runtime import Runtime
from crm.chassis.together import run_together

WRITE_EVERY_S = 1.0

_log = logging.getLogger("crm.analytics.live")


def live(runtime: Runtime, stop: threading.Event) -> None:
    """Counts until told to stop, whatever becomes of Kafka and the database. Without Kafka there is nothing to do."""
    if not runtime.settings.kafka:
        stop.wait()
        return
    from crm.analytics.counting import count  # imported late: no other process of this service needs Faust

    window = Window()
    jobs = {
        "counting": partial(count, runtime.settings.kafka, SERVICES, window, stop),
        "writing": partial(keep, runtime.database, window, stop),
    }
    run_together(jobs, stop)


def keep(db: Database, window: Window, stop: threading.Event) -> None:
    """Writes what has changed where the API finds it; nothing while nothing happens."""
    while not stop.wait(WRITE_EVERY_S):
        now = datetime.now(UTC)
        counts, standings = window.take(now)
        try:
            if (counts or standings) and not write(db, counts, standings, now):
                window.renew()
        except TRANSIENT as error:
            _log.warning("the live window cannot be written now: %s", kind(error))
            window.renew()
