"""The role `live` with a real Kafka: what it counts, that it comes back, that it ends when told."""

import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from crm.analytics import counting, worker
from crm.analytics import live as role
from crm.analytics.counting import count
from crm.analytics.live import live
from crm.analytics.live_counts import read
from crm.analytics.window import Window
from crm.chassis.database import Database
from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.kafka import PARTITIONS, KafkaUnavailable, Producer, Record, declare_topic, to_record, topic_of
from crm.chassis.runtime import Runtime
from crm.chassis.settings import Settings
from crm.chassis.testing.backends import temporary_folder
from crm.chassis.testing.waiting import eventually
from crm.events import Sealed

PATIENCE_S = 90.0

Numbers = Callable[[], dict[str, int]]


@pytest.fixture(scope="module")
def kafka() -> Iterator[EmbeddedKafka]:
    """A Kafka of its own: it is killed here, and topics are missing on purpose."""
    jars = os.environ.get("RAPPORT_KAFKA_JARS")
    with temporary_folder() as folder, EmbeddedKafka(folder, jar_cache=Path(jars) if jars else None) as server:
        yield server


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> str:
    """A service that nobody else has, so that its topic holds only what a test sends; counted by a group of its own."""
    name = f"s{uuid4().hex[:10]}"
    monkeypatch.setattr(worker, "GROUP", f"crm.{name}.live")
    monkeypatch.setattr(worker, "NEW_TOPICS_WITHIN_MS", 1_000)
    monkeypatch.setattr(counting, "STAND_EVERY_S", 0.2)
    monkeypatch.setattr(counting, "RETRY_S", 0.2)
    return name


def a_fact(service: str, *, about: Sequence[UUID] | None = None, ago: timedelta = timedelta()) -> Record:
    stream, moment = uuid4(), datetime.now(UTC) - ago
    return to_record(
        Sealed(
            stream=stream,
            version=1,
            append_id=uuid4(),
            partition_key=stream,
            occurred_at=moment - timedelta(days=300),
            recorded_at=moment,
            actor="user:ada",
            channel="web",
            contact_ids=(stream,) if about is None else tuple(about),
            correlation_id="test",
            type=f"crm.{service}.thing-happened.v1",
            value=b'{"type":"never read',
        )
    )


def send(kafka: EmbeddedKafka, service: str, *facts: Record) -> None:
    declare = partial(declare_topic, kafka.bootstrap, service, PARTITIONS)
    eventually(declare, within_s=PATIENCE_S, passing=(KafkaUnavailable,))  # it may have come back only just now
    producer = Producer(kafka.bootstrap)
    try:
        receipt = producer.send(topic_of(service), facts)
        eventually(lambda: producer.poll(0.1) >= 0 and not receipt.outstanding, within_s=PATIENCE_S)
    finally:
        producer.abandon()


@contextmanager
def running(job: Callable[[threading.Event], None]) -> Iterator[Callable[[], float]]:
    """A role at work in a thread; what is yielded stops it and tells how many seconds that took."""
    stop = threading.Event()
    failures: list[BaseException] = []

    def live_on() -> None:
        try:
            job(stop)
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=live_on)
    thread.start()

    def end() -> float:
        began = time.monotonic()
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
        return time.monotonic() - began

    try:
        yield end
    finally:
        end()
        assert failures == []


@contextmanager
def counted(kafka: EmbeddedKafka, services: Sequence[str]) -> Iterator[tuple[Numbers, Callable[[], float]]]:
    """Counts these services; yields the touchpoints of each so far, and how to stop."""
    window = Window()
    found: dict[Any, int] = {}

    def numbers() -> dict[str, int]:
        found.update(window.take(datetime.now(UTC))[0])
        total: Counter[str] = Counter()
        for cell, touchpoints in found.items():
            total[cell.service] += touchpoints
        return dict(total)

    with running(lambda stop: count(kafka.bootstrap, services, window, stop)) as end:
        yield numbers, end


def test_it_counts_touchpoints_of_the_last_hour_and_reads_no_values(kafka: EmbeddedKafka, service: str) -> None:
    fresh = [a_fact(service, ago=timedelta(minutes=each)) for each in (0, 0, 1, 30, 58)]
    send(kafka, service, a_fact(service, about=()), a_fact(service, ago=timedelta(hours=2)), *fresh)
    with counted(kafka, [service]) as (numbers, end):
        eventually(lambda: numbers() == {service: 5}, within_s=PATIENCE_S)
        send(kafka, service, *(a_fact(service) for _ in range(600)))
        eventually(lambda: numbers() == {service: 605}, within_s=PATIENCE_S)
        assert end() < 3


def test_it_leaves_nothing_where_it_was_started(
    kafka: EmbeddedKafka, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The root of a container may be read-only."""
    monkeypatch.chdir(tmp_path)
    send(kafka, service, a_fact(service))
    with counted(kafka, [service]) as (numbers, _):
        eventually(lambda: numbers() == {service: 1}, within_s=PATIENCE_S)
    assert list(tmp_path.iterdir()) == []


def test_a_restart_ends_in_the_same_numbers(kafka: EmbeddedKafka, service: str) -> None:
    send(kafka, service, *(a_fact(service) for _ in range(20)))
    for _ in range(2):
        with counted(kafka, [service]) as (numbers, _):
            eventually(lambda: numbers() == {service: 20}, within_s=PATIENCE_S)  # noqa: B023


def test_a_service_without_a_topic_is_counted_as_soon_as_it_has_one(kafka: EmbeddedKafka, service: str) -> None:
    late = f"{service}-late"
    send(kafka, service, a_fact(service))
    with counted(kafka, [service, late]) as (numbers, _):
        eventually(lambda: numbers() == {service: 1}, within_s=PATIENCE_S)
        send(kafka, late, a_fact(late), a_fact(late))
        eventually(lambda: numbers() == {service: 1, late: 2}, within_s=PATIENCE_S)


def test_kafka_may_be_away_at_first_and_in_between(kafka: EmbeddedKafka, service: str) -> None:
    send(kafka, service, a_fact(service))
    kafka.kill()
    with counted(kafka, [service]) as (numbers, end):
        kafka.start()
        eventually(lambda: numbers() == {service: 1}, within_s=PATIENCE_S)
        kafka.kill()
        kafka.start()
        send(kafka, service, a_fact(service))
        eventually(lambda: numbers() == {service: 2}, within_s=PATIENCE_S)
        kafka.pause()
        try:
            assert end() < 5
        finally:
            kafka.resume()


class Role:
    """The role `live` in a database, for one service."""

    def __init__(self, kafka: EmbeddedKafka, db: Database, settings: Settings) -> None:
        self.db = db
        given = SimpleNamespace(database=db, settings=settings.model_copy(update={"kafka": kafka.bootstrap}))
        self.runtime = cast(Runtime, given)

    def work(self, stop: threading.Event) -> None:
        live(self.runtime, stop)

    @property
    def written(self) -> tuple[int, int | None]:
        """Touchpoints in all, and how many facts it is behind; None where it does not say."""
        counts, sources = read(self.db, datetime.now(UTC))
        return sum(counts.values()), sum(each.lag_facts for each in sources.values()) if sources else None


@pytest.fixture
def at_work(
    kafka: EmbeddedKafka, service: str, db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Role:
    monkeypatch.setattr(role, "SERVICES", (service,))
    return Role(kafka, db, settings)


def test_it_ends_promptly_while_it_waits_for_a_kafka_that_does_not_answer(service: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(PATIENCE_S)
        address = f"127.0.0.1:{mute.getsockname()[1]}"
        with running(lambda stop: count(address, [service], Window(), stop)) as end:
            connected = [mute.accept() for _ in ("whether somebody is there", "the worker")]
            assert end() < 5
            assert len(connected) == 2


def test_the_role_writes_what_it_counts(kafka: EmbeddedKafka, service: str, at_work: Role) -> None:
    send(kafka, service, *(a_fact(service) for _ in range(7)))
    with running(at_work.work) as end:
        eventually(lambda: at_work.written == (7, 0), within_s=PATIENCE_S)
        with at_work.db.connection() as connection:
            connection.execute(b"TRUNCATE live_counts, live_sources")  # as the server does after a crash
        eventually(lambda: at_work.written == (7, 0), within_s=PATIENCE_S)
        assert end() < 4


def test_two_workers_share_the_partitions_and_count_everything_once(
    kafka: EmbeddedKafka, service: str, at_work: Role
) -> None:
    send(kafka, service, *(a_fact(service) for _ in range(30)))
    with running(at_work.work) as end:
        eventually(lambda: at_work.written == (30, 0), within_s=PATIENCE_S)
        with running(at_work.work):
            send(kafka, service, *(a_fact(service) for _ in range(30)))
            eventually(lambda: at_work.written == (60, 0), within_s=PATIENCE_S)
            end()
            send(kafka, service, *(a_fact(service) for _ in range(30)))
            eventually(lambda: at_work.written == (90, 0), within_s=PATIENCE_S)


def test_without_kafka_the_role_waits_until_it_is_told_to_stop(db: Database, settings: Settings) -> None:
    runtime = SimpleNamespace(database=db, settings=settings)
    with running(lambda stop: live(cast(Runtime, runtime), stop)) as end:
        assert end() < 1
