"""What the suite consists of on one machine: services, ports, folders, and the settings of each process."""

import base64
import os
import secrets
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from crm.local.state import write_private

if TYPE_CHECKING:  # what these need takes a while to import: only where it is used
    from crm.chassis.auth import LocalIssuer
    from crm.chassis.service import Service
    from crm.chassis.settings import Settings

MODULES = ("crm.contacts", "crm.sales", "crm.service_desk", "crm.campaigns", "crm.analytics")
NAMES = tuple(each.removeprefix("crm.").replace("_", "-") for each in MODULES)
ROLES = ("api", "relay", "projector", "timers")
ADMINISTRATOR = "administrator"
PORT_BASE = 8100
PASSED_ON = (
    "RAPPORT_REGION",
    "RAPPORT_AUTO_CLOSE_DAYS",
    "RAPPORT_IMPORT_KEEP_DAYS",
    "RAPPORT_MAIL_FROM",
    "RAPPORT_TRACE_RATIO",
    "RAPPORT_AUTO_MERGE",
    "RAPPORT_ROLES",
    "RAPPORT_RECORD_ACCESS",
    "RAPPORT_IDENTITY_POLICY",
    "RAPPORT_OWN_DOMAINS",
    "RAPPORT_BLOCKED_IDENTIFIERS",
)
"""Settings of services that may be given to the whole suite."""

FEW_ARENAS = {"MALLOC_ARENA_MAX": "2"}
"""The C library would keep an arena of free memory for each of a process's many threads."""


class Process(TypedDict):
    """A process of a service, as `suite.json` tells it."""

    name: str
    service: str
    role: str
    pid: int


class Description(TypedDict):
    """What `suite.json` says: how to reach what runs."""

    services: dict[str, str]
    kafka: str
    postgres: dict[str, str]
    token: str
    processes: list[Process]
    mail: str


def services() -> "list[Service]":
    """Every service of the suite, in the order of their ports."""
    return [service_named(name) for name in NAMES]


def service_named(name: str) -> "Service":
    """The service of this name. Raises `LookupError`, saying which there are."""
    if name not in NAMES:
        raise LookupError(f"There is no service {name!r}; there are {', '.join(NAMES)}.")
    declared: Service = import_module(f"{MODULES[NAMES.index(name)]}.service").service
    return declared


@dataclass(frozen=True)
class Layout:
    """Where the suite keeps its state, and which ports it takes."""

    folder: Path
    port_base: int = PORT_BASE

    @classmethod
    def from_environment(cls, folder: Path | None = None) -> "Layout":
        """`.rapport` in the working folder, and ports from `RAPPORT_PORT_BASE`. Raises `ValueError`."""
        given = os.environ.get("RAPPORT_PORT_BASE", str(PORT_BASE))
        if not given.isdigit() or not 1024 <= int(given) <= 65_000:
            raise ValueError(f"RAPPORT_PORT_BASE is {given!r}; give a number from 1024 to 65000.")
        return cls((folder or Path(os.environ.get("RAPPORT_FOLDER", ".rapport"))).resolve(), int(given))

    @property
    def suite_file(self) -> Path:
        return self.folder / "suite.json"

    @property
    def lock_file(self) -> Path:
        return self.folder / "supervisor.lock"

    @property
    def standings_file(self) -> Path:
        return self.folder / "processes.json"

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def mail(self) -> Path:
        return self.folder / "mail"

    @property
    def traces(self) -> Path:
        return self.folder / "traces"

    @property
    def postgres_port(self) -> int:
        return self.port_base + 32

    @property
    def kafka_port(self) -> int:
        return self.port_base + 92

    @property
    def smtp_port(self) -> int:
        return self.port_base + 25

    def port(self, service: str) -> int:
        """The port of a service's API: 8101 for contacts, and so on."""
        return self.port_base + 1 + NAMES.index(service)

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.port(service)}"

    def issuer(self) -> "LocalIssuer":
        """Who signs tokens on this machine; its key is made at the first start."""
        from crm.chassis.auth import LocalIssuer

        return LocalIssuer(self.folder / "issuer")

    def master_key(self) -> bytes:
        """What wraps the keys in the keyring on this machine; made at the first start."""
        path = self.folder / "master.key"
        if not path.exists():
            write_private(path, base64.b64encode(secrets.token_bytes(32)).decode())
        return base64.b64decode(path.read_bytes())


def environment(layout: Layout, service: str, role: str, dsns: dict[str, str], kafka: str) -> dict[str, str]:
    """The environment of one process of a service."""
    ours = {
        "DATABASE": dsns[service],
        "KEYRING": dsns["keyring"],
        "MASTER_KEY": base64.b64encode(layout.master_key()).decode(),
        "KAFKA": kafka,
        "HOST": "127.0.0.1",
        "PORT": str(layout.port(service)),
        "JWKS": layout.issuer().jwks_url,
        "PUBLIC_URL": layout.url(service),
        "CONTACTS_URL": layout.url("contacts"),
        "SMTP": f"127.0.0.1:{layout.smtp_port}",
        "TRACES": str(layout.traces / f"{service}-{role}.jsonl"),
        "STATE": str(layout.folder / "state" / service),
    }
    passed = {name: value for name, value in os.environ.items() if not name.startswith("RAPPORT_")}
    given = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return FEW_ARENAS | passed | given | {f"RAPPORT_{name}": value for name, value in ours.items()}


def settings(layout: Layout, service: str, dsns: dict[str, str], kafka: str) -> "Settings":
    """The settings of a service, for work done in this process."""
    from crm.chassis.settings import Settings

    values = environment(layout, service, "local", dsns, kafka)
    names = {name.removeprefix("RAPPORT_").lower(): value for name, value in values.items() if name[:8] == "RAPPORT_"}
    return Settings(**names)  # type: ignore[arg-type]  # parsed by pydantic
