"""The AsyncAPI 3.1 document of a service: its topic, and every fact on it."""

from typing import Any

from crm.chassis.documents.schemas import example_of, schema_of
from crm.events import catalogue, type_of

TOPIC_PARTITIONS = 6
HEADERS = {
    "content-type": "Always application/json",
    "ce_specversion": "CloudEvents version, 1.0",
    "ce_id": "Event id, <stream>:<version>; the same for a repeat",
    "ce_source": "/crm/<service>",
    "ce_type": "The type of the fact",
    "ce_subject": "The stream, a UUID",
    "ce_time": "When it happened in the world (RFC 3339, UTC)",
    "ce_recordedtime": "When it was recorded (RFC 3339, UTC)",
    "ce_partitionkey": "What the stream is keyed by, for ever",
    "ce_sequence": "The version in the stream, zero-padded to 10 digits; 1, 2, 3 … without holes",
    "ce_dataschema": "urn:crm:schema:<type>",
    "ce_contactids": "The contacts the fact is about, separated by commas",
    "ce_appendid": "The append it was written in; another under the same id: a version used twice after a failover",
    "ce_actor": "Who did it: user:…, service:…, policy:…, timer:…, import:…, contact:…",
    "ce_channel": "web, email, phone, api, import, …",
    "ce_correlationid": "What all facts of one business event share",
    "ce_causationid": "The event that led to this one",
    "ce_traceparent": "The trace that made the fact (W3C)",
    "traceparent": "The trace of this hop (W3C)",
}
_OPTIONAL = {"ce_causationid", "ce_traceparent", "traceparent"}


def asyncapi(service: str, purpose: str) -> dict[str, Any]:
    """The document as data."""
    facts = catalogue.of_service(service)
    topic = f"crm.{service}.v1"
    messages = {each.__name__: {"$ref": f"#/components/messages/{each.__name__}"} for each in facts}
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": f"Rapport {service}: facts",
            "version": "1.0.0",
            "description": f"{purpose} Every fact of the service is published here, in order per stream, and kept for"
            " ever: a consumer may begin at the beginning.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "facts": {
                "address": topic,
                "title": topic,
                "messages": messages,
                "bindings": {"kafka": {"topic": topic, "partitions": TOPIC_PARTITIONS, "bindingVersion": "0.5.0"}},
            }
        },
        "operations": {
            "recordFact": {
                "action": "send",
                "channel": {"$ref": "#/channels/facts"},
                "messages": [{"$ref": f"#/channels/facts/messages/{name}"} for name in messages],
            }
        },
        "components": {
            "messages": {each.__name__: _message(each) for each in facts},
            "messageTraits": {"envelope": {"headers": _headers()}},
        },
    }


def _message(fact_class: Any) -> dict[str, Any]:
    schema = {key: each for key, each in schema_of(fact_class).items() if key != "$schema"}
    return {
        "name": type_of(fact_class),
        "title": fact_class.__name__,
        "summary": fact_class.summary,
        "contentType": "application/json",
        "traits": [{"$ref": "#/components/messageTraits/envelope"}],
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _inline(schema)},
        "examples": [{"name": "example", "payload": example_of(schema_of(fact_class))}],
    }


def _headers() -> dict[str, Any]:
    return {
        "type": "object",
        "required": sorted(HEADERS.keys() - _OPTIONAL),
        "properties": {name: {"type": "string", "description": meaning} for name, meaning in HEADERS.items()},
    }


def _inline(schema: dict[str, Any]) -> Any:
    """Without `$defs`: a reference inside a message would be resolved against the whole document."""
    definitions = schema.get("$defs", {})

    def resolve(node: Any) -> Any:
        if isinstance(node, list):
            return [resolve(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return resolve(definitions[node["$ref"].rsplit("/", 1)[1]])
        return {key: resolve(each) for key, each in node.items() if key not in ("$defs", "$id")}

    return resolve(schema)
