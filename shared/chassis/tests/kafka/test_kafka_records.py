"""The wire form: what goes out comes back, the official CloudEvents SDK agrees, and nothing malformed gets through."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event, to_binary_event
from confluent_kafka.cimpl import Message
from hypothesis import given
from hypothesis import strategies as st

from crm.chassis.kafka import MalformedRecord, Record, from_record, hop_of, to_record
from crm.events import Position, Sealed

FACT = Sealed(
    stream=UUID(int=1),
    version=7,
    append_id=UUID(int=2),
    partition_key=UUID(int=3),
    occurred_at=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC),
    actor="user:ada",
    channel="web",
    contact_ids=(UUID(int=4), UUID(int=5)),
    correlation_id="correlation",
    causation_id="cause:1",
    traceparent=f"00-{'1' * 32}-{'2' * 16}-01",
    position=Position(1, 2048, 517),
    type="crm.sales.opportunity-won.v1",
    value=b'{"type":"crm.sales.opportunity-won.v1","amount":"1.00"}',
)
HOP = f"00-{'3' * 32}-{'4' * 16}-01"

texts = st.text(min_size=1, max_size=40)
moments = st.datetimes(
    min_value=datetime(1, 1, 3),  # noqa: DTZ001 (hypothesis adds the zone)
    max_value=datetime(9999, 12, 29),  # noqa: DTZ001
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=9))]),
)
facts = st.builds(
    Sealed,
    stream=st.uuids(),
    version=st.integers(1, 10**12),
    append_id=st.uuids(),
    partition_key=st.uuids(),
    occurred_at=moments,
    recorded_at=moments,
    actor=texts,
    channel=texts,
    contact_ids=st.lists(st.uuids(), max_size=4).map(tuple),
    correlation_id=texts,
    causation_id=st.none() | texts,
    traceparent=st.none() | texts,
    position=st.none() | st.builds(Position, st.integers(1, 9), st.integers(1, 10**17), st.integers(1, 10**17)),
    type=st.sampled_from(["crm.sales.opportunity-won.v1", "crm.service-desk.ticket-opened.v2"]),
    value=st.binary(),
)


def message(record: Record, **changed: bytes | None) -> Message:
    """The record as it is received, with some headers changed or (None) left out."""
    wanted: dict[str, bytes | None] = {**dict(record.headers), **changed}
    return Message(
        "crm.sales.v1", 3, 14, record.key, record.value, [(k, v) for k, v in wanted.items() if v is not None]
    )


@given(facts)
def test_what_is_sent_is_what_is_received(fact: Sealed) -> None:
    assert from_record(message(to_record(fact, HOP))) == fact


def test_every_header_is_as_the_architecture_says() -> None:
    record = to_record(FACT, HOP)
    stream = "00000000-0000-0000-0000-000000000001"
    assert record.key == b"00000000-0000-0000-0000-000000000003"
    assert record.value is FACT.value
    assert {name: value.decode() for name, value in record.headers} == {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{stream}:7",
        "ce_source": "/crm/sales",
        "ce_type": "crm.sales.opportunity-won.v1",
        "ce_subject": stream,
        "ce_time": "2026-03-01T12:00:00.000000Z",
        "ce_recordedtime": "2026-03-01T12:00:00.000005Z",
        "ce_partitionkey": "00000000-0000-0000-0000-000000000003",
        "ce_sequence": "0000000007",
        "ce_dataschema": "urn:crm:schema:crm.sales.opportunity-won.v1",
        "ce_position": "1.2048.517",
        "ce_contactids": "00000000-0000-0000-0000-000000000004,00000000-0000-0000-0000-000000000005",
        "ce_appendid": "00000000-0000-0000-0000-000000000002",
        "ce_actor": "user:ada",
        "ce_channel": "web",
        "ce_correlationid": "correlation",
        "ce_causationid": "cause:1",
        "ce_traceparent": f"00-{'1' * 32}-{'2' * 16}-01",
        "traceparent": HOP,
    }


def test_the_hop_is_not_the_trace_that_made_the_fact() -> None:
    received = message(to_record(FACT, HOP))
    assert hop_of(received) == HOP
    assert from_record(received).traceparent == FACT.traceparent
    assert hop_of(message(to_record(FACT))) is None


def test_the_official_sdk_reads_the_same() -> None:
    record = to_record(FACT, HOP)
    event = from_binary_event(KafkaMessage(dict(record.headers), record.key, record.value))
    assert event.get_id() == FACT.event_id
    assert event.get_source() == "/crm/sales"
    assert event.get_type() == FACT.type
    assert event.get_subject() == str(FACT.stream)
    assert event.get_time() == FACT.occurred_at
    assert event.get_specversion() == "1.0"
    assert event.get_datacontenttype() == "application/json"
    assert event.get_dataschema() == f"urn:crm:schema:{FACT.type}"
    assert event.get_data() == {"type": FACT.type, "amount": "1.00"}
    assert event.get_extension("sequence") == "0000000007"
    assert event.get_extension("appendid") == str(FACT.append_id)
    assert event.get_extension("contactids") == ",".join(map(str, FACT.contact_ids))
    assert datetime.fromisoformat(str(event.get_extension("recordedtime"))) == FACT.recorded_at


def test_what_the_official_sdk_writes_is_read_here() -> None:
    ours = to_record(FACT)
    event = from_binary_event(KafkaMessage(dict(ours.headers), ours.key, ours.value))
    theirs = to_binary_event(event)
    assert isinstance(theirs.key, str)
    record = Record(theirs.key.encode(), FACT.value, list(theirs.headers.items()))
    assert from_record(message(record)) == FACT


@pytest.mark.parametrize(
    ("header", "value"),
    [
        *((name, None) for name, _ in to_record(FACT).headers if name.startswith("ce_") and name not in (
            "ce_position", "ce_contactids", "ce_causationid", "ce_traceparent", "ce_dataschema")),
        ("ce_specversion", b"0.3"),
        ("ce_id", b"another:7"),
        ("ce_source", b"/crm/contacts"),
        ("ce_subject", b"no uuid"),
        ("ce_time", b"yesterday"),
        ("ce_time", b"2026-03-01T12:00:00"),
        ("ce_recordedtime", b""),
        ("ce_partitionkey", b"00000000-0000-0000-0000-000000000009"),
        ("ce_sequence", b"00000000x7"),
        ("ce_sequence", b"7"),
        ("ce_contactids", b"00000000-0000-0000-0000-000000000004,"),
        ("ce_appendid", b"2"),
    ],
)  # fmt: skip
def test_a_malformed_header_is_named_with_its_place_and_not_quoted(header: str, value: bytes | None) -> None:
    with pytest.raises(MalformedRecord) as malformed:
        from_record(message(to_record(FACT), **{header: value}))
    assert malformed.value.header == header
    assert (malformed.value.topic, malformed.value.partition, malformed.value.offset) == ("crm.sales.v1", 3, 14)
    assert str(malformed.value).startswith(f"crm.sales.v1 partition 3 offset 14 is not a fact: {header}: ")
    assert "yesterday" not in str(malformed.value)


def test_a_record_without_value_or_headers_is_no_fact() -> None:
    record = to_record(FACT)
    with pytest.raises(MalformedRecord, match="value"):
        from_record(Message("t", 0, 0, record.key, None, list(record.headers)))
    with pytest.raises(MalformedRecord, match="ce_"):
        from_record(Message("t", 0, 0, record.key, record.value, None))
    with pytest.raises(MalformedRecord, match="UTF-8"):
        from_record(message(record, ce_actor=b"\xff"))


def test_a_malformed_record_is_kept_whole() -> None:
    with pytest.raises(MalformedRecord) as malformed:
        from_record(Message("t", 0, 0, b"k", b"\xff", [("x", b"y"), ("z", None)]))
    assert malformed.value.raw == {"key": "aw==", "value": "/w==", "headers": [["x", "eQ=="], ["z", None]]}
