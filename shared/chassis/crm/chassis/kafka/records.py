"""Facts as Kafka records: CloudEvents 1.0 in binary mode. The value is the fact's JSON, as it is in the log.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
"""

import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, NamedTuple, Protocol, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from crm.events import Position, Sealed
from crm.events.fact import service_of

Headers: TypeAlias = list[tuple[str, bytes]]

HOP = "traceparent"
"""The header that carries the span which sent the record; `ce_traceparent` is the trace that made the fact."""


class Record(NamedTuple):
    """What is sent: the key of the stream for ever, the fact's JSON, its envelope."""

    key: bytes
    value: bytes
    headers: Headers


class Message(Protocol):
    """A received record, as the Kafka client gives it."""

    def topic(self) -> str | None: ...
    def partition(self) -> int | None: ...
    def offset(self) -> int | None: ...
    def key(self) -> bytes | None: ...
    def value(self) -> bytes | None: ...
    def headers(self) -> "dict[str, str | bytes | None] | list[tuple[str, str | bytes | None]] | None": ...


class MalformedRecord(Exception):  # noqa: N818
    """A record that is no fact of ours. The text says where it is and which header is wrong, and quotes nothing."""

    def __init__(self, message: Message, header: str, why: str) -> None:
        self.topic, self.partition, self.offset = message.topic(), message.partition(), message.offset()
        self.header = header
        self._message = message
        place = f"{self.topic} partition {self.partition} offset {self.offset}"
        super().__init__(f"{place} is not a fact: {header}: {why}")

    @property
    def raw(self) -> dict[str, object]:
        """The record as JSON, bytes in base64, to be kept for people to look at."""
        headers = [[name, _base64(value)] for name, value in _pairs(self._message)]
        return {"key": _base64(self._message.key()), "value": _base64(self._message.value()), "headers": headers}


class _Wire(msgspec.Struct, frozen=True):
    """The headers that are read."""

    ce_specversion: str
    ce_id: str
    ce_source: str
    ce_type: str
    ce_subject: UUID
    ce_time: Annotated[datetime, Meta(tz=True)]
    ce_recordedtime: Annotated[datetime, Meta(tz=True)]
    ce_partitionkey: UUID
    ce_sequence: Annotated[str, Meta(min_length=10)]
    ce_appendid: UUID
    ce_actor: str
    ce_channel: str
    ce_correlationid: str
    ce_position: Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18}){2}$")] | None = None
    ce_contactids: str | None = None
    ce_causationid: str | None = None
    ce_traceparent: str | None = None


class _Constants(NamedTuple):
    """The headers that are the same for all facts of a type."""

    source: bytes
    type: bytes
    dataschema: bytes


_json = msgspec.json.Encoder().encode
_CONTENT_TYPE = ("content-type", b"application/json")
_SPECVERSION = ("ce_specversion", b"1.0")


def to_record(sealed: Sealed, traceparent: str | None = None) -> Record:
    """A fact as it is sent. `traceparent` is the span that sends it. Headers without a value are left out."""
    same = _constants(sealed.type)
    stream, key = _text(sealed.stream), _text(sealed.partition_key)
    headers: Headers = [
        _CONTENT_TYPE,
        _SPECVERSION,
        ("ce_id", b"%s:%d" % (stream, sealed.version)),
        ("ce_source", same.source),
        ("ce_type", same.type),
        ("ce_subject", stream),
        ("ce_time", _utc(sealed.occurred_at)),
        ("ce_recordedtime", _utc(sealed.recorded_at)),
        ("ce_partitionkey", key),
        ("ce_sequence", b"%010d" % sealed.version),
        ("ce_dataschema", same.dataschema),
        ("ce_appendid", _text(sealed.append_id)),
        ("ce_actor", sealed.actor.encode()),
        ("ce_channel", sealed.channel.encode()),
        ("ce_correlationid", sealed.correlation_id.encode()),
    ]
    if sealed.position is not None:
        headers.append(("ce_position", b"%d.%d.%d" % sealed.position))
    if sealed.contact_ids:
        headers.append(("ce_contactids", b",".join(map(_text, sealed.contact_ids))))
    if sealed.causation_id is not None:
        headers.append(("ce_causationid", sealed.causation_id.encode()))
    if sealed.traceparent is not None:
        headers.append(("ce_traceparent", sealed.traceparent.encode()))
    if traceparent is not None:
        headers.append((HOP, traceparent.encode()))
    return Record(key, sealed.value, headers)


def from_record(message: Message) -> Sealed:
    """A fact as it came, with its position in the log it came from. Raises `MalformedRecord`."""
    value = message.value()
    if value is None:
        raise MalformedRecord(message, "value", "there is none")
    try:
        texts = {name: str(text, "utf-8") if isinstance(text, bytes) else text for name, text in _pairs(message)}
        wire = msgspec.convert(texts, _Wire)
        contact_ids = tuple(map(_uuid, wire.ce_contactids.split(","))) if wire.ce_contactids else ()
    except UnicodeDecodeError as error:
        raise MalformedRecord(message, "headers", "not UTF-8") from error
    except msgspec.ValidationError as error:
        raise MalformedRecord(message, _header_in(error), str(error).partition(" - at ")[0]) from error
    _check(message, wire, texts)
    return Sealed(
        stream=wire.ce_subject,
        version=int(wire.ce_sequence),
        append_id=wire.ce_appendid,
        partition_key=wire.ce_partitionkey,
        occurred_at=wire.ce_time,
        recorded_at=wire.ce_recordedtime,
        actor=wire.ce_actor,
        channel=wire.ce_channel,
        contact_ids=contact_ids,
        correlation_id=wire.ce_correlationid,
        causation_id=wire.ce_causationid,
        traceparent=wire.ce_traceparent,
        position=Position(*map(int, wire.ce_position.split("."))) if wire.ce_position else None,
        type=wire.ce_type,
        value=value,
    )


def hop_of(message: Message) -> str | None:
    """The traceparent of the span that sent a record."""
    for name, value in _pairs(message):
        if name == HOP and value is not None:
            return str(value, "utf-8", "replace") if isinstance(value, bytes) else value
    return None


def _header_in(error: msgspec.ValidationError) -> str:
    """The header that a validation error names; only the ids in `ce_contactids` are validated without their name."""
    return next(iter(re.findall(r"\bce_[a-z]+", str(error))), "ce_contactids")


def _check(message: Message, wire: _Wire, texts: dict[str, str | None]) -> None:
    """Headers that say the same must agree: whoever reads only one of them must not be misled."""
    if wire.ce_specversion != "1.0":
        raise MalformedRecord(message, "ce_specversion", "not 1.0")
    if wire.ce_type.count(".") < 2 or wire.ce_source.encode() != _constants(wire.ce_type).source:
        raise MalformedRecord(message, "ce_source", "not the service of ce_type")
    if not (wire.ce_sequence.isascii() and wire.ce_sequence.isdecimal()):
        raise MalformedRecord(message, "ce_sequence", "not a version in decimal digits")
    if wire.ce_id != f"{texts['ce_subject']}:{int(wire.ce_sequence)}":
        raise MalformedRecord(message, "ce_id", "not ce_subject and ce_sequence")
    if message.key() != str(texts["ce_partitionkey"]).encode():
        raise MalformedRecord(message, "ce_partitionkey", "not the key of the record")


@lru_cache(maxsize=4096)
def _constants(fact_type: str) -> _Constants:
    source, name = f"/crm/{service_of(fact_type)}", fact_type.encode()
    return _Constants(source.encode(), name, b"urn:crm:schema:" + name)


def _text(value: UUID) -> bytes:
    return _json(value)[1:-1]  # four times as fast as str(value).encode()


def _uuid(text: str) -> UUID:
    return msgspec.convert(text, UUID)


def _utc(moment: datetime) -> bytes:
    """RFC 3339 in UTC with microseconds; ten times as fast as isoformat."""
    text = _json(moment)[1:-1]
    if len(text) == 27 and text.endswith(b"Z"):
        return text
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").rjust(27, "0").encode()


def _pairs(message: Message) -> Sequence[tuple[str, str | bytes | None]]:
    headers = message.headers() or []
    return list(headers.items()) if isinstance(headers, dict) else headers


def _base64(content: str | bytes | None) -> str | None:
    if content is None:
        return None
    return b64encode(content.encode() if isinstance(content, str) else content).decode()
