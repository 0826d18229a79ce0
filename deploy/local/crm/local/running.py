"""The suite as it runs: what is started in which order, and `suite.json` while all of it is ready."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from threading import Event

from crm.chassis.embedded.process import ServerFailed
from crm.chassis.kafka import KafkaUnavailable, PartitionsDiffer
from crm.chassis.migrations import MigrationChanged
from crm.chassis.roles import migrate
from crm.chassis.service import Service
from crm.local.mail import MailSink
from crm.local.parts import require_ports, start_kafka, start_postgres
from crm.local.role import RoleProcess
from crm.local.state import Lock, end_strays, write_json
from crm.local.suite import ADMINISTRATOR, ROLES, Description, Layout, Process, environment, services, settings
from crm.local.supervisor import Supervisor, Told

ROLES_LAYER = 2
READY_TIMEOUT_S = 120.0
ASK_EVERY_S = 0.2
TOKEN_DAYS = 30


@dataclass
class RunningSuite:
    """A suite that is ready. Look after it with `watch`, in the thread that started it."""

    layout: Layout
    supervisor: Supervisor
    description: Description
    """What `suite.json` says."""
    stop: Event = field(default_factory=Event)

    def watch(self) -> None:
        """Starts again what crashes, until `stop` is set."""
        self.supervisor.watch(self.stop)

    def write(self) -> None:
        """Writes `suite.json`; a process that waits for its next start is not in it."""
        kept = [(each.part, each) for each in self.supervisor.kept]
        self.description["processes"] = [
            Process(name=part.name, service=part.service, role=part.role, pid=part.pid)
            for part, each in kept
            if isinstance(part, RoleProcess) and each.due_at is None
        ]
        write_json(self.layout.suite_file, self.description)


@contextmanager
def running(layout: Layout, tell: Told, note: Told | None = None) -> Iterator[RunningSuite]:
    """The started suite; everything is ended afterwards, in reverse order.

    `tell` shows each step of starting and stopping, `note` what happens between (default: `tell` too).
    Raises `RunsAlready`, and `ServerFailed` or `OSError` if something cannot be started.
    """
    layout.folder.mkdir(parents=True, exist_ok=True)
    with Lock(layout.lock_file).held(), ExitStack() as stack:
        layout.suite_file.unlink(missing_ok=True)
        if strays := end_strays(layout.standings_file):
            tell(f"Ended {strays} processes that a killed suite had left")
        require_ports(layout)
        for folder in (layout.logs, layout.traces, layout.mail):
            folder.mkdir(mode=0o700, exist_ok=True)
        sink = MailSink(layout.mail, layout.smtp_port)
        sink.start()
        stack.callback(sink.stop)  # after everybody who sends
        declared = services()
        supervisor = Supervisor(layout.standings_file, tell, note or tell)
        stack.callback(_end, supervisor)
        suite = RunningSuite(layout, supervisor, _start(layout, supervisor, declared))
        stack.callback(layout.suite_file.unlink, missing_ok=True)
        supervisor.changed = suite.write
        suite.write()
        yield suite


def _end(supervisor: Supervisor) -> None:
    supervisor.tell("Stopping")
    supervisor.end()


def _start(layout: Layout, supervisor: Supervisor, declared: list[Service]) -> Description:
    dsns = start_postgres(layout, [each.name for each in declared], supervisor)
    bootstrap = start_kafka(layout, supervisor)
    for service in declared:
        supervisor.tell(f"Preparing {service.name}: database and topic")
        try:
            migrate(service, settings(layout, service.name, dsns, bootstrap))
        except (KafkaUnavailable, PartitionsDiffer) as error:
            raise ServerFailed(f"The topic of {service.name} cannot be used: {error}") from error
        except MigrationChanged as error:
            raise ServerFailed(f"The database of {service.name} in {layout.folder} does not fit: {error}") from error
    supervisor.tell(f"Starting {len(declared)} services")
    _wait_for(list(_start_roles(layout, supervisor, declared, dsns, bootstrap)))
    return Description(
        services={each.name: layout.url(each.name) for each in declared},
        kafka=bootstrap,
        postgres=dsns,
        token=layout.issuer().issue(ADMINISTRATOR, {"*"}, ttl_s=TOKEN_DAYS * 86_400),
        processes=[],
        mail=str(layout.mail),
    )


def _start_roles(
    layout: Layout, supervisor: Supervisor, declared: list[Service], dsns: dict[str, str], bootstrap: str
) -> Iterator[RoleProcess]:
    for service in declared:
        for role in (*ROLES, *service.roles):
            env = environment(layout, service.name, role, dsns, bootstrap)
            log = layout.logs / f"{service.name}-{role}.log"
            part = RoleProcess(service.name, role, env, log, layout.url(service.name) if role == "api" else None)
            supervisor.start(part.name, part, log, layer=ROLES_LAYER)
            yield part


def _wait_for(waiting: list[RoleProcess]) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    while waiting := [each for each in waiting if not each.check_ready()]:
        if time.monotonic() > deadline:
            names = ", ".join(each.name for each in waiting)
            raise ServerFailed(f"Not ready after {READY_TIMEOUT_S:g} s: {names}. See {waiting[0].log.parent}.")
        time.sleep(ASK_EVERY_S)
