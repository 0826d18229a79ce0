"""What is in the log appears on Kafka: all of it, in order, once in effect."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from crm.chassis.database import Database
from crm.chassis.kafka import Producer, Record
from crm.chassis.log import PostgresStore
from crm.chassis.log.store import Append, NewFact
from crm.chassis.relay import Fenced, Leadership, sending
from crm.events import Position

Wait = Callable[..., None]


def test_everything_arrives_in_order_with_one_key_per_stream(stage: Any, wait: Wait) -> None:
    streams = [uuid4() for _ in range(40)]
    for _ in range(60):
        stage.log.append(*streams)
    relay = stage.start(stage.relay(page=100))
    wait(lambda: stage.caught_up(relay.status), "catching up")
    assert stage.check() == 0
    keys = {each.stream: each.partition_key for each in stage.sent()}
    assert all(stream == key for stream, key in keys.items())
    assert relay.status.published == 2_400
    assert relay.status.republished == 0
    assert relay.status.lag_s == 0


def test_facts_that_come_while_it_runs_follow(stage: Any, wait: Wait) -> None:
    relay = stage.start()
    stream = uuid4()
    for _ in range(5):
        stage.log.append(stream)
        wait(lambda: stage.caught_up(relay.status), "following")
    assert stage.check() == 0


def test_a_notification_wakes_it(stage: Any, wait: Wait, database: str) -> None:
    with Leadership(database, stage.service) as leader:
        assert leader.take()
        assert not leader.wait(0)
        with psycopg.connect(database, autocommit=True) as other:
            other.execute("NOTIFY log")
        assert leader.wait(30)


def test_the_real_log_is_published(stage: Any, wait: Wait, database: str) -> None:
    pool = Database(database)
    store = PostgresStore(pool)
    streams = [uuid4() for _ in range(10)]
    for version in range(1, 4):
        facts = tuple(NewFact(each, version, "crm.testing.x.v1", b"{}", each, (), None) for each in streams)
        store.append(Append(uuid4(), facts, "user:a", "api", "c", None, None))
    stage.log.facts = list(store.read(None, 1_000))
    stage.log.read = store.read
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status), "catching up")
    stage.stop()
    pool.close()
    assert stage.check() == 0
    assert stage.saved() == stage.log.end


def test_a_new_relay_goes_on_where_the_old_one_stopped(stage: Any, wait: Wait) -> None:
    stream = uuid4()
    stage.log.append(stream)
    first = stage.start()
    wait(lambda: stage.caught_up(first.status))
    stage.stop()
    stage.log.append(stream)
    second = stage.start()
    wait(lambda: stage.caught_up(second.status))
    assert second.status.published == 1
    assert stage.check() == 0


def test_i5_the_position_never_moves_back(stage: Any, database: str) -> None:
    with Leadership(database, stage.service) as leader:
        assert leader.take()
        leader.save(Position(1, 10_000, 7), {0: 3})
        for earlier in (Position(1, 9_999, 8), Position(1, 10_000, 7), Position(0, 20_000, 1)):
            with pytest.raises(Fenced):
                leader.save(earlier, {0: 4})
        assert stage.saved() == Position(1, 10_000, 7)


def test_waiting_for_all_answers_comes_before_saving(stage: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch) -> None:
    """A report that does not come holds the position, though the fact is on Kafka."""

    class Deaf(Producer):
        def send(self, topic: str, records: Any) -> Any:
            receipt = super().send(topic, records)
            receipt.outstanding += 1
            return receipt

    monkeypatch.setattr(sending, "Producer", Deaf)
    stage.log.append(uuid4())
    relay = stage.start()
    wait(lambda: len(stage.sent()) == 1, "sending")
    reads = stage.log.reads
    wait(lambda: stage.log.reads > reads + 5, "going on")
    assert stage.saved() == relay.status.position == Position(0, 0, 0)


def test_the_hop_has_a_span_linked_to_the_traces_that_made_the_facts(
    stage: Any, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    spans, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    monkeypatch.setattr(sending, "_tracer", provider.get_tracer("crm.relay"))
    headers: list[dict[str, bytes]] = []

    class Listening(Producer):
        def send(self, topic: str, records: Any) -> Any:
            kept: list[Record] = list(records)
            headers.extend(dict(each.headers) for each in kept)
            return super().send(topic, kept)

    monkeypatch.setattr(sending, "Producer", Listening)
    made = [f"00-{number:032x}-{number:016x}-01" for number in (1, 2)]
    stage.log.append(uuid4(), traceparent=made[0])
    stage.log.append(uuid4(), traceparent=made[1])
    relay = stage.start()
    wait(lambda: stage.caught_up(relay.status))
    (span,) = spans.get_finished_spans()
    context = span.get_span_context()
    assert context
    assert span.parent is None
    assert {link.context.trace_id for link in span.links} == {1, 2}
    assert [each["ce_traceparent"].decode() for each in headers] == made
    hop = f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}".encode()
    assert {each["traceparent"] for each in headers} == {hop}
    assert span.attributes
    assert span.attributes["messaging.batch.message_count"] == 2
