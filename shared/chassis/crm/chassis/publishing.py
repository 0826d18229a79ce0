"""The role `relay`: publishes the log, and watches what holds its readers back."""

import threading
from functools import partial
from typing import TYPE_CHECKING

import psycopg

from crm.chassis.database import Database
from crm.chassis.relay import Relay
from crm.chassis.runtime import Runtime
from crm.chassis.telemetry import metrics
from crm.chassis.together import run_together

if TYPE_CHECKING:
    from crm.chassis.service import Service

WATCH_EVERY_S = 10.0

_OLDEST_WRITE = """
    SELECT coalesce(extract(epoch FROM now() - min(xact_start)), 0)::float8 FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
"""


def publish(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Publishes until told to stop; without Kafka there is nothing to do."""
    settings = runtime.settings
    jobs = {"horizon": partial(watch_horizon, runtime.database, stop)}
    if settings.kafka:
        relay = Relay(service.name, settings.database, runtime.log.read, settings.kafka, partitions=settings.partitions)
        jobs["relay"] = partial(relay.run, stop)
    run_together(jobs, stop)


def watch_horizon(database: Database, stop: threading.Event) -> None:
    """Measures the oldest open write of the whole server: every reader of every log waits for it."""
    while not stop.wait(WATCH_EVERY_S):
        try:
            with database.connection() as connection:
                row = connection.execute(_OLDEST_WRITE).fetchone()
            metrics.HORIZON_BLOCKED_S.set(row[0] if row else 0)
        except psycopg.OperationalError:
            continue  # the relay says that the database is away
