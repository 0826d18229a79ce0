"""What breaks on the way: nothing is lost, order is kept, it goes on by itself or says what a person must do."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from confluent_kafka import KafkaError, Message
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)
from opentelemetry import trace

from crm.chassis.database import Database
from crm.chassis.embedded.kafka import EmbeddedKafka
from crm.chassis.embedded.postgres import EmbeddedPostgres
from crm.chassis.kafka import KafkaRefused, Receipt, declare_topic
from crm.chassis.log import PostgresStore
from crm.chassis.log.store import Append, NewFact
from crm.chassis.migrations import migrate
from crm.chassis.relay import Leadership
from crm.chassis.relay.sending import Page, Sending
from crm.chassis.testing.backends import temporary_folder
from crm.events import Position

Wait = Callable[..., None]
LARGEST = 20_000


class Killed(BaseException):
    """Ends a thread where it stands, as a killed process does."""


def limit_size(bootstrap: str, topic: str, most: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    limit = ConfigEntry("max.message.bytes", str(most), incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=[limit])
    (future,) = admin.incremental_alter_configs([resource]).values()
    future.result(10)


@pytest.fixture
def own_kafka() -> Iterator[EmbeddedKafka]:
    """A Kafka that may be stopped."""
    with temporary_folder() as folder, EmbeddedKafka(folder) as kafka:
        yield kafka


def test_a_delivery_error_in_the_middle_of_a_page_loses_nothing_and_keeps_order(stage: Any, wait: Wait) -> None:
    """The broker refuses one fact of a page, until it is told to accept it."""
    declare_topic(stage.bootstrap, stage.service, 3)
    limit_size(stage.bootstrap, stage.topic, LARGEST)
    streams = [uuid4() for _ in range(6)]
    for number in range(30):
        stage.log.append(*streams, value=b"x" * (LARGEST * 2 if number == 15 else 10))
    relay = stage.start(stage.relay(page=1_000))
    wait(lambda: relay.status.error is not None, "the error")
    assert str(relay.status.error).startswith("KafkaRefused: "), "it is told at once, and not as silence"
    assert stage.saved() < stage.log.end
    assert not relay.status.needs_a_person
    assert relay.status.lag_s > 0
    limit_size(stage.bootstrap, stage.topic, 1_000_000)
    wait(lambda: stage.caught_up(relay.status), "going on")
    stage.check()
    wait(lambda: relay.status.error is None)


def test_a_page_of_which_a_record_was_refused_is_told_and_never_settled(stage: Any) -> None:
    sending, receipt = Sending(stage.bootstrap, stage.topic), Receipt(1)
    receipt.report(KafkaError(KafkaError.MSG_SIZE_TOO_LARGE), cast(Message, None))
    refused = Page(1, 0, Position(1, 1, 1), datetime.now(UTC), receipt, time.monotonic(), trace.INVALID_SPAN)
    sending._pages.append(refused)
    with pytest.raises(KafkaRefused, match="MSG_SIZE_TOO_LARGE"):
        sending.settled()
    sending.abandon()


def test_killed_between_acknowledgement_and_save_it_repeats_the_same_appends(
    stage: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = uuid4()
    for _ in range(10):
        stage.log.append(stream)
    save = Leadership.save

    def killed(leader: Leadership, position: Position, acked: Mapping[int, int]) -> None:
        if leader.epoch == 1:
            raise Killed
        save(leader, position, acked)

    monkeypatch.setattr(Leadership, "save", killed)
    with pytest.raises(Killed):
        stage.relay().run(threading.Event())
    assert stage.saved() == Position(0, 0, 0)
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status))
    assert stage.check() == 10


def test_it_outlives_a_broker_that_stops_and_comes_back(stage: Any, wait: Wait, own_kafka: EmbeddedKafka) -> None:
    stage.bootstrap = own_kafka.bootstrap
    streams = [uuid4() for _ in range(5)]
    stage.log.append(*streams)
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status))
    own_kafka.kill()
    for _ in range(20):
        stage.log.append(*streams)
    wait(lambda: relay.status.error is not None, "noticing")
    assert relay.status.is_healthy
    wait(lambda: relay.status.lag_s > 0, "lagging visibly")
    own_kafka.start()
    wait(lambda: stage.caught_up(relay.status), "going on")
    stage.check()
    wait(lambda: relay.status.error is None)


def test_a_broker_that_freezes_holds_the_position(stage: Any, wait: Wait, own_kafka: EmbeddedKafka) -> None:
    stage.bootstrap = own_kafka.bootstrap
    stream = uuid4()
    stage.log.append(stream)
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status))
    held = stage.saved()
    own_kafka.pause()
    stage.log.append(stream)
    wait(lambda: relay.status.lag_s > 0.5, "waiting for the acknowledgement")
    assert stage.saved() == held
    own_kafka.resume()
    wait(lambda: stage.caught_up(relay.status), "going on")
    stage.check()


def test_it_outlives_a_crash_of_postgresql(stage: Any, wait: Wait) -> None:
    with temporary_folder() as folder, EmbeddedPostgres(folder, fsync=False) as server:
        server.create_database("crm")
        stage.dsn = server.dsn("crm")
        migrate(stage.dsn)
        pool = Database(stage.dsn)
        store = PostgresStore(pool)

        def append(version: int) -> None:
            fact = NewFact(stream, version, "crm.testing.x.v1", b"{}", stream, (), None)
            store.append(Append(uuid4(), (fact,), "user:a", "api", "c", None, None))
            stage.log.facts = list(reader.read(None, 100))

        stream, reader_pool = uuid4(), Database(stage.dsn)
        reader = PostgresStore(reader_pool)
        append(1)
        stage.log.read = store.read
        relay = stage.start()
        wait(lambda: stage.caught_up(relay.status))
        before = stage.saved()
        server.stop(immediate=True)
        wait(lambda: relay.status.error is not None, "noticing")
        server.start()
        assert stage.saved() == before
        append(2)
        wait(lambda: stage.caught_up(relay.status), "going on by itself")
        assert stage.check() == 0
        stage.stop()
        pool.close()
        reader_pool.close()


def test_of_a_database_that_is_away_at_the_start_it_waits(stage: Any, wait: Wait, tmp_path: Path) -> None:
    dsn, stage.dsn = stage.dsn, "postgresql://nobody@127.0.0.1:9/none"
    relay = stage.start()
    wait(lambda: relay.status.error is not None, "noticing")
    assert relay.status.is_healthy
    stage.dsn = dsn
