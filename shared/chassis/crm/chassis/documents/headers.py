"""The headers of a fact on Kafka, as documents show them: CloudEvents 1.0 in binary mode."""

from typing import Any
from uuid import uuid5

from crm.chassis.documents.examples import CONTACT, STREAM
from crm.chassis.documents.schemas import urn
from crm.events.fact import service_of

_UUID = {"format": "uuid"}
_MOMENT = {"format": "date-time"}
_TRACE = {"pattern": "^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"}

HEADERS: dict[str, dict[str, Any]] = {
    "content-type": {"description": "The value is JSON.", "const": "application/json"},
    "ce_specversion": {"description": "The version of CloudEvents.", "const": "1.0"},
    "ce_id": {"description": "The event id, `<stream>:<version>`; the same for a repeat."},
    "ce_source": {"description": "The service, `/crm/<service>`."},
    "ce_type": {"description": "The type of the fact."},
    "ce_subject": {"description": "The stream.", **_UUID},
    "ce_time": {"description": "When it happened in the world (UTC).", **_MOMENT},
    "ce_recordedtime": {"description": "When it was recorded (UTC).", **_MOMENT},
    "ce_partitionkey": {"description": "What the stream is keyed by, for ever; the key of the record.", **_UUID},
    "ce_sequence": {
        "description": "The version in the stream, 1, 2, 3 … without holes, zero-padded: it is ordered as text.",
        "pattern": "^[0-9]{10,}$",
    },
    "ce_dataschema": {"description": "The schema of the value, served by the service at `/schemas/<type>`."},
    "ce_position": {
        "description": "Where it stands in its service's log: three numbers, compared one after the other. They rise,"
        " with holes; within one append they are in the order in which its facts were decided.",
        "pattern": "^[0-9]+[.][0-9]+[.][0-9]+$",
    },
    "ce_contactids": {"description": "The contacts the fact is about, separated by commas; absent if there are none."},
    "ce_appendid": {
        "description": "The append it was written in. The same event id with another append: a version that was used"
        " twice, after a failover that lost facts.",
        **_UUID,
    },
    "ce_actor": {"description": "Who did it: `user:…`, `service:…`, `policy:…`, `timer:…`, `import:…`, `contact:…`."},
    "ce_channel": {"description": "How it came in: web, email, phone, api, import, …"},
    "ce_correlationid": {"description": "What all facts of one matter share."},
    "ce_causationid": {"description": "The event that led to this one; absent if none did."},
    "ce_traceparent": {"description": "The trace that made the fact (W3C); absent if it was not traced.", **_TRACE},
    "traceparent": {"description": "The span that sent the record (W3C); absent if it was not traced.", **_TRACE},
}
OPTIONAL = frozenset({"ce_position", "ce_contactids", "ce_causationid", "ce_traceparent", "traceparent"})


def headers_schema() -> dict[str, Any]:
    """All headers, as a schema of their texts."""
    return {
        "type": "object",
        "required": [name for name in HEADERS if name not in OPTIONAL],
        "properties": {name: {"type": "string", **each} for name, each in HEADERS.items()},
    }


def example_headers(fact_type: str) -> dict[str, str]:
    """The headers of the first fact of a stream."""
    return {
        "content-type": "application/json",
        "ce_specversion": "1.0",
        "ce_id": f"{STREAM}:1",
        "ce_source": f"/crm/{service_of(fact_type)}",
        "ce_type": fact_type,
        "ce_subject": str(STREAM),
        "ce_time": "2026-11-23T09:30:00.000000Z",
        "ce_recordedtime": "2026-11-23T09:30:00.412306Z",
        "ce_partitionkey": str(CONTACT),
        "ce_sequence": "0000000001",
        "ce_dataschema": urn(fact_type),
        "ce_appendid": str(uuid5(STREAM, "append")),
        "ce_actor": "user:maria",
        "ce_channel": "web",
        "ce_correlationid": str(uuid5(STREAM, "correlation")),
        "ce_position": "1.2048.517",
        "ce_contactids": str(CONTACT),
        "ce_traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    }
