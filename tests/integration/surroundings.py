"""What a suite that is under test is started in: its environment, and ports that nobody uses."""

import os
import socket
from pathlib import Path


def environment(folder: Path, port_base: int | None = None) -> dict[str, str]:
    """The environment in which `rapport` means this suite."""
    given = {name: each for name, each in os.environ.items() if not name.startswith("RAPPORT_")}
    given |= {name: os.environ[name] for name in ("RAPPORT_KAFKA_JARS",) if name in os.environ}
    port_file = folder / "port_base"
    if port_base is not None:
        port_file.write_text(str(port_base))
    return given | {"RAPPORT_FOLDER": str(folder), "RAPPORT_PORT_BASE": port_file.read_text()}


def free_port_base() -> int:
    """A base below which the suite's ports are free."""
    for base in range(12_000 + os.getpid() % 50 * 100, 20_000, 100):
        if all(_is_free(base + offset) for offset in (1, 2, 3, 4, 5, 25, 32, 92)):
            return base
    raise AssertionError("no free ports")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
