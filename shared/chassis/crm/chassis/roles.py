"""The processes of a service: `api`, `relay`, `projector`, `timers`, any of them in one process, and `migrate`.

Every role lives on while the database or Kafka is away and goes on by itself. A role that fails otherwise ends its
process, so that whoever runs it starts it again.
"""

import argparse
import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING

from prometheus_client import start_http_server

from crm.chassis.api import serve_api
from crm.chassis.database import connect
from crm.chassis.housekeeping import keep_house
from crm.chassis.kafka import declare_topic, end_offsets, find_topic, topic_of
from crm.chassis.keys import migrate_keyring
from crm.chassis.migrations import CHASSIS
from crm.chassis.migrations import migrate as migrate_database
from crm.chassis.projecting import project, subscribers
from crm.chassis.projection import Mark, prepare
from crm.chassis.projection.delivery import LOG_SHARD
from crm.chassis.projection.sources import LogHistory
from crm.chassis.publishing import publish
from crm.chassis.runtime import Runtime, running
from crm.chassis.settings import Settings, read_settings
from crm.chassis.telemetry import logs, start_tracing
from crm.chassis.timers import TimerWorker
from crm.chassis.together import run_together
from crm.events import Position

if TYPE_CHECKING:
    from crm.chassis.service import Service

Role = Callable[["Service", Runtime, threading.Event], None]

_log = logging.getLogger("crm.roles")


def fire_timers(service: "Service", runtime: Runtime, stop: threading.Event) -> None:
    """Fires what is due, and forgets old idempotency keys."""
    worker = TimerWorker(service.timers, runtime.database, runtime.log)
    run_together(
        {"timers": partial(worker.run, stop), "housekeeping": partial(keep_house, runtime.database, stop)}, stop
    )


ROLES: Mapping[str, tuple[Role, int]] = {
    "api": (serve_api, 5),
    "relay": (publish, 1),
    "projector": (project, 3),
    "timers": (fire_timers, 1),
}
"""What each role does, and how many pooled connections it needs."""

COLLECT_EVERY = 20_000, 10, 10
"""How many objects are made before the garbage collector looks for cycles, and how often for older ones.

Nearly all of a request's go by themselves; Python's own 700 made a command a twentieth dearer.
"""


def migrate(service: "Service", settings: Settings) -> None:
    """Brings databases and topic to what this version of the code needs. Safe to run twice, or by two at once."""
    migrate_database(settings.database, (CHASSIS, *service.migrations))
    migrate_keyring(settings.keyring)
    if settings.kafka:
        declare_topic(settings.kafka, service.name, settings.partitions)
    with running(service, settings, connections=1) as runtime, connect(settings.database, limited=False) as connection:
        prepare(connection, subscribers(service, runtime), partial(_ends, service.name, runtime))


def _ends(own: str, runtime: Runtime, source: str) -> Mapping[int, Mark]:
    """Where a service's facts end now; nothing where there are none yet."""
    if source == own:
        end = LogHistory(runtime.database).end()
        return {LOG_SHARD: end} if end else {}
    kafka, topic = runtime.settings.kafka, topic_of(source)
    if not kafka or find_topic(kafka, topic) is None:
        return {}
    return {shard: Position(0, 0, end) for shard, end in end_offsets(kafka, topic).items() if end > 0}


def run(service: "Service", names: Sequence[str], settings: Settings, stop: threading.Event) -> int:
    """Runs roles in this process until told to stop, or until one fails. Returns the exit code."""
    logs.configure(service.name)
    tracing = start_tracing(
        service.name, otlp_endpoint=settings.otlp or None, span_file=settings.traces, sampling=settings.trace_ratio
    )
    if settings.metrics_port and "api" not in names:
        start_http_server(settings.metrics_port, addr=settings.host)
    connections = sum(ROLES[name][1] if name in ROLES else 1 for name in names)
    with running(service, settings, connections=connections) as runtime:
        jobs = {name: _job(service, name, runtime, stop) for name in names}
        gc.collect()
        gc.freeze()  # what is loaded by now stays; the collector would stop everything for 50 ms to look at it again
        gc.set_threshold(*COLLECT_EVERY)
        try:
            run_together(jobs, stop)
        except Exception:
            _log.exception("a role failed")
            return 1
        finally:
            tracing.stop()
    return 0


def _job(service: "Service", name: str, runtime: Runtime, stop: threading.Event) -> Callable[[], None]:
    own = service.roles.get(name)
    return partial(own, runtime, stop) if own else partial(ROLES[name][0], service, runtime, stop)


def run_from_command_line(service: "Service") -> None:
    """`python -m crm.<service> ROLE …` or `migrate`. Settings come from the environment."""
    parser = argparse.ArgumentParser(prog=f"crm.{service.name}", description=service.purpose)
    choices = [*ROLES, *service.roles, "migrate"]
    parser.add_argument("roles", nargs="+", choices=choices, metavar="ROLE", help=", ".join(choices))
    names = parser.parse_args().roles
    settings = read_settings()
    if "migrate" in names:
        migrate(service, settings)
        return
    stop = threading.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lambda *_: stop.set())
    sys.exit(run(service, names, settings, stop))
